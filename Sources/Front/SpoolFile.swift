internal import CRoostSystem
internal import Glibc

/// A system call on a file failed.
struct SpoolError: Error, CustomStringConvertible {
    let call: String
    let code: Int32
    var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// All files together have what they may.
    static let overBudget = SpoolError("write to a spool file beyond spool-limit", code: EDQUOT)

    init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }
}

/// A file without a name that holds what does not belong in memory: a large body, or a response its client reads slowly.
///
/// Confined to the front's loop, which writes and reads it itself: a spool file lies in the page cache, and what is
/// written now is read or handed on soon. On a slow disk with no memory left these calls can wait; nginx lives with the
/// same. Closed with its last reference.
final class SpoolFile {
    let descriptor: Int32
    private(set) var byteCount = 0
    /// What it is counted in; nil for a file that others have made.
    private let budget: SpoolBudget?
    private let waitsForRoom: Bool

    /// Creates an empty file in `directory`.
    ///
    /// - Parameters:
    ///   - directory: Where it is made.
    ///   - budget: What its bytes count in.
    ///   - waitsForRoom: Whether it is counted only: its owner stops by itself when the budget is full.
    /// - Throws: ``SpoolError`` when the directory takes no file.
    init(in directory: String, budget: SpoolBudget? = nil, waitsForRoom: Bool = false) throws(SpoolError) {
        self.budget = budget
        self.waitsForRoom = waitsForRoom
        descriptor = roost_spool_file(directory)
        guard descriptor >= 0 else { throw SpoolError("open a spool file in \(directory)") }
    }

    /// Takes over a descriptor of which the first `byteCount` bytes may be read.
    init(adopting descriptor: Int32, byteCount: Int) {
        self.descriptor = descriptor
        self.byteCount = byteCount
        budget = nil
        waitsForRoom = true
    }

    deinit {
        close(descriptor)
        budget?.gaveBack(byteCount)
    }

    /// Appends all of `bytes`.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        if let budget, !waitsForRoom, !budget.hasRoom(for: bytes.count) { throw .overBudget }
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = pwrite(descriptor, base, rest.count, off_t(byteCount))
            if written < 0 && errno == EINTR { continue }
            // ENOSPC and EDQUOT come here: the request fails, the server goes on.
            guard written > 0 else { throw SpoolError("write to a spool file") }
            byteCount += written
            budget?.took(written)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Reads up to `room.count` bytes from `offset`; 0 at the end.
    func read(at offset: Int, into room: UnsafeMutableRawBufferPointer) throws(SpoolError) -> Int {
        while true {
            let got = pread(descriptor, room.baseAddress, room.count, off_t(offset))
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw SpoolError("read a file") }
            return got
        }
    }
}
