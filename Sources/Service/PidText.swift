/// What a file says that may be a pid file.
enum PidText: Equatable {
    case empty
    case process(Int32)
    /// Something else, or a number that no process can have.
    case foreign

    /// Reads the first 32 bytes of a file.
    init(_ bytes: [UInt8]) {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let words = bytes.split(whereSeparator: blanks.contains)
        guard let word = words.first else {
            self = bytes.count < 32 ? .empty : .foreign
            return
        }
        guard words.count == 1, bytes.count < 32, word.allSatisfy({ (0x30...0x39).contains($0) }),
            let pid = Int32(String(decoding: word, as: UTF8.self))
        else {
            self = .foreign
            return
        }
        self = .process(pid)
    }
}
