internal import Glibc

/// What all spool files may take together, and what they take.
///
/// Confined to the front's loop.
///
/// Without a limit of its own it is half of what the file system has free, looked up again as files grow: others write
/// there as well.
final class SpoolBudget {
    private let directory: String
    /// What was chosen; nil for a share of what is free.
    private let chosen: Int?
    /// Bytes in spool files.
    private(set) var used = 0
    private var share = 0
    /// The use at which the file system is asked anew.
    private var nextLook = 0
    private static let step = 32 << 20

    /// Creates the budget of the files in `directory`, with nothing used; a limit of 0 is no limit.
    init(directory: String, limit: Int?) {
        self.directory = directory
        chosen = limit == 0 ? .max : limit
    }

    /// The most that all files may take.
    var limit: Int { chosen ?? share }

    /// Whether so many bytes more would still be within the limit.
    func hasRoom(for count: Int) -> Bool {
        // Differences: a client may announce any length.
        if chosen == nil, count > nextLook - used || count > share - used { look() }
        return count <= limit - used
    }

    /// Whether there is no room left.
    var isFull: Bool { !hasRoom(for: 1) }

    /// Notes bytes that were written.
    func took(_ count: Int) { used += count }

    /// Notes bytes of a file that is gone.
    func gaveBack(_ count: Int) { used -= count }

    private func look() {
        nextLook = used + Self.step
        var status = statvfs()
        // What can't be found out is no limit: a disk that is full says so itself.
        guard statvfs(directory, &status) == 0 else {
            share = .max
            return
        }
        let (free, isTooMuch) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize)
        )
        share = Self.share(used: used, free: isTooMuch ? .max - used : free)
    }

    /// Half of what would be free without our files.
    static func share(used: Int, free: Int) -> Int {
        let (sum, isTooMuch) = used.addingReportingOverflow(free)
        return (isTooMuch ? .max : sum) / 2
    }
}
