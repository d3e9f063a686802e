/// What the old and the new process tell each other, one line each.
///
/// The old one speaks first: ``offer(pid:descriptorLimit:)``, a ``listener(address:isKept:)`` with each socket, and
/// ``complete``. The new one answers with ``ready`` or ``failed(_:)``; after ``go`` with ``taken``. The two may be of
/// different versions: a message that one does not know is passed over.
public enum HandoverMessage: Sendable, Equatable {
    /// Who is to be replaced, and the soft limit of open files that it was started with.
    case offer(pid: Int32, descriptorLimit: UInt64)
    /// The socket that comes with it listens on `address`, as one writes it after `--bind`; `isKept`: it belongs to the
    /// service manager, and is listened on whatever the configuration says.
    case listener(address: String, isKept: Bool)
    /// All sockets were sent.
    case complete
    /// The new one's workers are ready.
    case ready
    /// The new one cannot serve, for this reason.
    case failed(String)
    /// The new one is the server now.
    case go
    /// The new one accepts.
    case taken

    /// The most bytes of a message.
    static let maximumBytes = 16 << 10

    /// The message as text.
    var text: String {
        switch self {
        case .offer(let pid, let limit): "offer \(pid) \(limit)"
        case .listener(let address, let isKept): "listener \(isKept ? "kept" : "own") \(address)"
        case .complete: "complete"
        case .ready: "ready"
        case .failed(let reason):
            "failed " + String(decoding: reason.utf8.prefix(Self.maximumBytes - 16), as: UTF8.self)
        case .go: "go"
        case .taken: "taken"
        }
    }

    /// Creates the message that a text stands for; nil for one that is not known.
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        switch (words.first, words.count) {
        case ("offer", 3):
            guard let pid = Int32(words[1]), let limit = UInt64(words[2]) else { return nil }
            self = .offer(pid: pid, descriptorLimit: limit)
        case ("listener", 3): self = .listener(address: words[2], isKept: words[1] == "kept")
        case ("complete", 1): self = .complete
        case ("ready", 1): self = .ready
        case ("failed", _): self = .failed(String(text.dropFirst("failed ".count)))
        case ("go", 1): self = .go
        case ("taken", 1): self = .taken
        default: return nil
        }
    }
}
