internal import Glibc

/// The kernel's word that something happened in some directories: inotify(7).
///
/// Confined to the thread that made it.
///
/// It is only a doorbell. What changed is found by looking, so events may be lost, doubled or about files that are gone
/// again, and nothing is missed or wrong.
final class ChangeEvents {
    /// Why there are no events.
    enum Refusal: Error, Equatable {
        /// No more watches, instances or descriptors for this user or process.
        case limitReached
        /// The kernel has none to give.
        case unavailable
    }

    /// Becomes readable when something happened.
    let descriptor: Int32

    private static let events = UInt32(
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF
    )

    /// Creates a doorbell that watches nothing yet.
    init() throws(Refusal) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else {
            throw errno == EMFILE || errno == ENFILE || errno == ENOMEM ? .limitReached : .unavailable
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Watches a directory; again is no harm.
    ///
    /// One that is gone or closed to us is left out: its parent tells when it comes back.
    func watch(_ directory: String) throws(Refusal) {
        guard inotify_add_watch(descriptor, directory, Self.events | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)) < 0
        else { return }
        switch errno {
        case ENOSPC, ENOMEM: throw .limitReached
        case ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG: return
        default: throw .unavailable
        }
    }

    /// Takes what has happened, without waiting.
    ///
    /// - Returns: Whether any of it is worth a look, by the rules.
    func take(_ rules: WatchRules) -> Bool {
        var isConcerned = false
        withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 8) { room in
            while true {
                let count = read(descriptor, room.baseAddress, room.count)
                guard count > 0 else { return }
                isConcerned = Self.concerns(UnsafeRawBufferPointer(rebasing: room[..<count]), rules) || isConcerned
            }
        }
        return isConcerned
    }

    /// Reads `struct inotify_event`s: descriptor i32, mask u32, cookie u32, name length u32, name with zeros behind it.
    private static func concerns(_ bytes: UnsafeRawBufferPointer, _ rules: WatchRules) -> Bool {
        let fixed = 16
        var start = 0
        while bytes.count - start >= fixed {
            let mask = bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
            let length = Int(bytes.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
            guard length <= bytes.count - start - fixed else { return true }
            let name = bytes[(start + fixed)..<(start + fixed + length)].prefix { $0 != 0 }
            start += fixed + length
            if mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
            if mask & UInt32(IN_IGNORED) != 0 { continue }
            // A watched directory itself, moved or deleted.
            if name.isEmpty, mask & UInt32(IN_ATTRIB) == 0 { return true }
            let isDirectory = mask & UInt32(IN_ISDIR) != 0
            // A directory's own times change with every file in it.
            if isDirectory, mask & UInt32(IN_ATTRIB) != 0 { continue }
            if rules.mayConcern(name: String(decoding: name, as: UTF8.self), isDirectory: isDirectory) { return true }
        }
        return false
    }
}
