internal import Glibc

/// Which dead children are nobody's and have to be taken away: for a server that is process 1 of its container, where
/// the kernel makes it the parent of every orphan.
///
/// Whoever started a child takes its status at once, through its pidfd. So one that is still dead at the second look,
/// seconds later, was started by nobody here.
public struct Orphans: Sendable {
    private var seen: Set<Int32> = []

    /// Creates a watch that has seen nobody.
    public init() {}

    /// Whether orphans become this process's children at all (init, or a subreaper: prctl(2)).
    public static var areOurs: Bool { getpid() == 1 }

    /// Those of the dead children that were dead at the last look too.
    public mutating func abandoned(among dead: Set<Int32>) -> Set<Int32> {
        defer { seen = dead.subtracting(seen) }
        return dead.intersection(seen)
    }

    /// Takes away what is nobody's.
    ///
    /// To be called every few seconds.
    public mutating func reap() {
        for pid in abandoned(among: Self.deadChildren()) { waitpid(pid, nil, WNOHANG) }
    }

    /// The children of this process that have ended and wait for their parent (proc(5): the state Z).
    static func deadChildren() -> Set<Int32> {
        var dead: Set<Int32> = []
        guard let directory = opendir("/proc/self/task") else { return dead }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let thread = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard Int32(thread) != nil else { continue }
            for pid in text("/proc/self/task/\(thread)/children").split(separator: " ").compactMap({ Int32($0) }) {
                // The name, in parentheses, may hold anything.
                let fields = text("/proc/\(pid)/stat")
                if let end = fields.lastIndex(of: ")"), fields[end...].dropFirst(2).first == "Z" { dead.insert(pid) }
            }
        }
        return dead
    }

    private static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
