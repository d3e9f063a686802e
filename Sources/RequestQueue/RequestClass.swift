/// How much a request matters beside others.
///
/// Every waiting request of a higher class is dispatched before any of a lower one, and within a class the order is
/// first in, first out.
///
/// Documents below the callbacks of documents that are open already is what keeps a dashboard whole: then those are
/// refused who have nothing yet, and not the last piece of a page whose other pieces were paid for. At 1.5 times the
/// capacity, pages of twelve callbacks over six connections are whole in two cases of three that way, the most there
/// can be, and in little more than one of three when all are of one class (`PageLoadTests`).
///
/// Health checks and the status page are no class: they never queue behind the app.
public enum RequestClass: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// Served first; gives way to nothing when the queue is full.
    case critical
    /// What a request is unless configuration says otherwise.
    case standard
    /// A request that opens a page, as far as the front can tell: below those of the pages that are open already.
    case opening
    /// Served last, and the first to go when the queue is full.
    case sheddable

    /// Returns whether `left` matters more, so that sorting puts the most important first.
    public static func < (left: RequestClass, right: RequestClass) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One value for each class, stored in place.
struct PerClass<Value: Sendable>: Sendable {
    private var values: InlineArray<4, Value>

    init(repeating value: Value) {
        values = InlineArray(repeating: value)
    }

    // One place to yield from, and not a switch with three: the optimiser inlines only the former.
    subscript(requestClass: RequestClass) -> Value {
        @inline(__always) _read { yield values[Int(requestClass.rawValue)] }
        @inline(__always) _modify { yield &values[Int(requestClass.rawValue)] }
    }
}
