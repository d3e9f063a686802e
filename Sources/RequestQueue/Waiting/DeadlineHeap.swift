/// The deadlines of the waiting requests, earliest first: a binary heap that knows where each request stands in it.
///
/// A heap and not a second line, because what a request waited upstream moves its deadline forward; a line would have
/// to be searched, and the header that says it may be forged. When deadlines come in order, as they mostly do, adding
/// is O(1); removing is O(log depth), and nothing at the depth of one of a server that keeps up.
struct DeadlineHeap: Sendable {
    private struct Node: Sendable {
        var deadline: Instant
        var request: Int32
    }

    private var nodes: [Node] = []
    /// The place in `nodes` of each request, by its index in the slab.
    private var places: [Int32] = []

    /// The request whose deadline comes first, if any waits.
    var first: (request: Int32, deadline: Instant)? {
        guard let node = nodes.first else { return nil }
        return (node.request, node.deadline)
    }

    /// The number of deadlines.
    var count: Int { nodes.count }

    /// Adds the deadline of a request that has none here.
    mutating func add(_ request: Int32, deadline: Instant) {
        while places.count <= Int(request) {
            places.append(RequestSlab.none)
        }
        nodes.append(Node(deadline: deadline, request: request))
        rise(Node(deadline: deadline, request: request), from: nodes.count - 1)
    }

    /// Removes the deadline of a request, which must have one here.
    mutating func remove(_ request: Int32) {
        let place = Int(places[Int(request)])
        places[Int(request)] = RequestSlab.none
        let last = nodes.removeLast()
        guard place < nodes.count else { return }
        if place > 0, last.deadline < nodes[(place - 1) / 2].deadline {
            rise(last, from: place)
        } else {
            sink(last, from: place)
        }
    }

    private mutating func rise(_ node: Node, from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard node.deadline < nodes[parent].deadline else { break }
            put(nodes[parent], at: place)
            place = parent
        }
        put(node, at: place)
    }

    private mutating func sink(_ node: Node, from start: Int) {
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < nodes.count else { break }
            if child + 1 < nodes.count, nodes[child + 1].deadline < nodes[child].deadline {
                child += 1
            }
            guard nodes[child].deadline < node.deadline else { break }
            put(nodes[child], at: place)
            place = child
        }
        put(node, at: place)
    }

    private mutating func put(_ node: Node, at place: Int) {
        nodes[place] = node
        places[Int(node.request)] = Int32(truncatingIfNeeded: place)
    }
}
