import Foundation
import Testing

@testable import PathSafety

@Suite struct `What may be done with what lies at a path` {
    private let directory = NSTemporaryDirectory() + "roost-paths-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func look(_ name: String) -> PathLook? {
        guard case .there(let look) = PathLook.at("\(directory)/\(name)") else { return nil }
        return look
    }

    @Test func `a look says what is there and follows no link`() throws {
        try "x".write(toFile: directory + "/file", atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "file")
        #expect(mkfifo(directory + "/fifo", 0o600) == 0)
        #expect(look("file")?.kind == .file)
        #expect(look("link")?.kind == .symbolicLink)
        #expect(look("fifo")?.kind == .fifo)
        #expect(PathLook.at(directory + "/none") == .nothing)
        #expect(PathLook.at("/dev/null") != .nothing)
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test(arguments: PathLook.Kind.allCases)
    func `only a socket is replaced by a socket, only a file by a file`(kind: PathLook.Kind) {
        let look = PathLook(kind: kind)
        #expect((look.objectionToReplacingSocket == nil) == (kind == .socket))
        #expect((look.objectionToFile() == nil) == (kind == .file))
        if kind != .file { #expect(look.objectionToFile()?.contains(kind.rawValue) == true) }
    }

    @Test func `a file is given away when it is of an owner expected and has one name`() {
        #expect(PathLook(kind: .file, owner: 0).objectionToFile(ownedBy: [0, 33]) == nil)
        #expect(PathLook(kind: .file, owner: 33).objectionToFile(ownedBy: [0, 33]) == nil)
        #expect(PathLook(kind: .file, owner: 34).objectionToFile(ownedBy: [0, 33]) != nil)
        #expect(PathLook(kind: .file, owner: 0, names: 2).objectionToFile(ownedBy: [0, 33]) != nil)
    }

    @Test(arguments: [
        (PathLook(kind: .directory, owner: 7, mode: 0o700), true, true),
        (PathLook(kind: .directory, owner: 7, mode: 0o755), false, true),
        (PathLook(kind: .directory, owner: 7, mode: 0o710), false, true),
        (PathLook(kind: .directory, owner: 7, mode: 0o777), false, false),
        (PathLook(kind: .directory, owner: 0, mode: 0o1777), false, true),
        (PathLook(kind: .directory, owner: 8, mode: 0o700), false, false),
        (PathLook(kind: .symbolicLink, owner: 7, mode: 0o777), false, false),
        (PathLook(kind: .symbolicLink, owner: 0, mode: 0o777), false, true),
        (PathLook(kind: .file, owner: 7), false, false),
    ])
    func `a directory is trusted when nobody else can change it`(look: PathLook, asPrivate: Bool, asNamed: Bool) {
        #expect((look.objectionToTrust(in: [7], isPrivate: true) == nil) == asPrivate)
        #expect((look.objectionToTrust(in: [7, 0], isPrivate: false) == nil) == asNamed)
    }

    @Test func `the private directory is known by its name`() {
        #expect(SocketDirectory.privateOwner("/tmp/roost-33") == 33)
        #expect(SocketDirectory.privateOwner("/tmp/roost-") == nil)
        #expect(SocketDirectory.privateOwner("/tmp/roost-33/more") == nil)
        #expect(SocketDirectory.privateOwner("/run/roost-33") == nil)
        #expect(SocketDirectory.parent(of: "/tmp/roost-33/8000.sock") == "/tmp/roost-33")
    }

    @Test func `a place where others can change names is left to the user`() throws {
        guard geteuid() == 0 else { return }
        chown(directory, 65534, 65534)
        try Giving.file(at: directory + "/log", to: 65534, 65534, mode: 0o640)
        #expect(look("log") == nil)
        chown(directory, 0, 0)
        chmod(directory, 0o755)
        try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "target")
        try Giving.file(at: directory + "/link", to: 65534, 65534, mode: 0o640)
        #expect(look("target") == nil)
        try Giving.file(at: directory + "/log", to: 65534, 65534, mode: 0o640)
        #expect(look("log")?.owner == 65534)
        link(directory + "/log", directory + "/other")
        #expect(throws: Giving.Failure.self) { try Giving.file(at: directory + "/log", to: 65534, 65534, mode: 0o640) }
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func `the way to a directory is root's when root alone can lead it elsewhere`() throws {
        #expect(PathLook(kind: .directory, owner: 0, mode: 0o755).isRootsWay)
        #expect(PathLook(kind: .directory, owner: 0, mode: 0o1777).isRootsWay)
        #expect(!PathLook(kind: .directory, owner: 0, mode: 0o777).isRootsWay)
        #expect(!PathLook(kind: .directory, owner: 7, mode: 0o755).isRootsWay)
        guard case .opened(let usr) = RootsWay.walk(to: "/usr/./bin/../bin") else {
            Issue.record("nobody but root can change /usr/bin")
            return
        }
        defer { close(usr) }
        #expect(PathLook(of: usr)?.identity == PathLook.Identity(of: "/usr/bin"))
        guard case .notRootsAlone = RootsWay.walk(to: "/tmp") else {
            Issue.record("everybody makes files in /tmp")
            return
        }
        guard case .opened(let temporary) = RootsWay.walk(to: "/tmp", acceptsSticky: true) else {
            Issue.record("what is root's in /tmp nobody else can move")
            return
        }
        close(temporary)
        guard case .failed(ENOENT) = RootsWay.walk(to: "/usr/nowhere/at/all") else {
            Issue.record("there is no such directory")
            return
        }
    }
}
