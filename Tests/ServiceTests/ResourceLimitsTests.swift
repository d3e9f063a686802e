import Testing

@testable import Service

@Suite struct `Limits of the process` {
    @Test func `none is too low when there is none`() {
        #expect(ResourceLimits().objection == nil)
        let ample = ResourceLimits(addressSpace: 4 << 30, data: 4 << 30, descriptors: 1024, fileSize: 4 << 30)
        #expect(ample.objection == nil)
    }

    @Test(arguments: [
        (ResourceLimits(addressSpace: 300_000 << 10), "address space", "ulimit -v"),
        (ResourceLimits(data: 1 << 20), "data", "ulimit -d"),
        (ResourceLimits(descriptors: 20), "open files", "ulimit -n"),
        (ResourceLimits(fileSize: 0), "files", "ulimit -f"),
    ])
    func `one that is too low is named with the way to raise it`(limits: ResourceLimits, name: String, way: String) {
        #expect(limits.objection?.reason.contains(name) == true)
        #expect(limits.objection?.remedy.contains(way) == true)
    }

    @Test func `threads that can be had are found, and end`() {
        #expect(ThreadProbe.threads(4).made == 4)
    }
}
