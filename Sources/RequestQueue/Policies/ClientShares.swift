/// How many requests each client has waiting, and who has the most.
///
/// The share never refuses anybody below the limit; it decides *who* is refused when the queue is full: the newest
/// request of the client with the most waiting. One person's hundred slow downloads then cost that person, not
/// everybody. The newcomer counts as waiting, and in a tie it is the newcomer that goes: to evict for no gain in
/// fairness would only waste what the evicted one has waited. Of several clients with the most, the one whose count
/// changed last gives way.
///
/// Clients stand in one list per count, so that everything here is O(1):
///
/// ```
///   leaders:  [1] ─ c4 ─ c2      [2] ─ c1      [5] ─ c3      most = 5
///                                               │
///                                               newest ─ older ─ older ─ …
/// ```
struct ClientShares: Sendable {
    private static let none: Int32 = -1

    private struct Client: Sendable {
        var key = ClientKey.shared
        var count = 0
        var newest = ClientShares.none
        /// The neighbours among the clients with the same count; `next` also links the free places.
        var next = ClientShares.none
        var previous = ClientShares.none
    }

    private struct Member: Sendable {
        var client = ClientShares.none
        var newer = ClientShares.none
        var older = ClientShares.none
    }

    private var clients: [Client] = []
    private var firstFree = ClientShares.none
    private var places: [ClientKey: Int32] = [:]
    /// The requests, by their index in the slab.
    private var members: [Member] = []
    /// The first client with each count.
    private var leaders: [Int32] = [ClientShares.none]
    /// The most requests that one client has waiting.
    private(set) var most = 0

    /// Returns how many requests a client has waiting.
    func count(of client: ClientKey) -> Int {
        places[client].map { clients[Int($0)].count } ?? 0
    }

    /// Returns whose request goes when `client` brings one more than there is room for: the slab's index of the newest
    /// request of the client with the most, or nil when that is the newcomer itself.
    func victim(for client: ClientKey) -> Int32? {
        let own = client == .shared ? 0 : count(of: client)
        guard most > own + 1 else { return nil }
        return clients[Int(leaders[most])].newest
    }

    /// Adds the newest request of a client, which must not be `ClientKey.shared`.
    mutating func add(_ request: Int32, of key: ClientKey) {
        let client = place(of: key)
        while members.count <= Int(request) {
            members.append(Member())
        }
        let older = clients[Int(client)].newest
        members[Int(request)] = Member(client: client, newer: ClientShares.none, older: older)
        if older != ClientShares.none {
            members[Int(older)].newer = request
        }
        clients[Int(client)].newest = request
        setCount(clients[Int(client)].count + 1, of: client)
    }

    /// Removes a request that was added.
    mutating func remove(_ request: Int32) {
        let member = members[Int(request)]
        members[Int(request)] = Member()
        if member.newer == ClientShares.none {
            clients[Int(member.client)].newest = member.older
        } else {
            members[Int(member.newer)].older = member.older
        }
        if member.older != ClientShares.none {
            members[Int(member.older)].newer = member.newer
        }
        setCount(clients[Int(member.client)].count - 1, of: member.client)
        guard clients[Int(member.client)].count == 0 else { return }
        places.removeValue(forKey: clients[Int(member.client)].key)
        clients[Int(member.client)].next = firstFree
        firstFree = member.client
    }

    private mutating func place(of key: ClientKey) -> Int32 {
        if let known = places[key] { return known }
        let place: Int32
        if firstFree == ClientShares.none {
            place = Int32(truncatingIfNeeded: clients.count)
            clients.append(Client(key: key))
        } else {
            place = firstFree
            firstFree = clients[Int(place)].next
            clients[Int(place)] = Client(key: key)
        }
        places[key] = place
        return place
    }

    /// Moves a client from the list of its old count to the front of the list of its new one; 0 is no list.
    private mutating func setCount(_ count: Int, of client: Int32) {
        let old = clients[Int(client)]
        if old.count > 0 {
            if old.previous == ClientShares.none {
                leaders[old.count] = old.next
            } else {
                clients[Int(old.previous)].next = old.next
            }
            if old.next != ClientShares.none {
                clients[Int(old.next)].previous = old.previous
            }
        }
        clients[Int(client)].count = count
        clients[Int(client)].previous = ClientShares.none
        clients[Int(client)].next = ClientShares.none
        if count > 0 {
            if leaders.count <= count { leaders.append(ClientShares.none) }
            let first = leaders[count]
            clients[Int(client)].next = first
            if first != ClientShares.none { clients[Int(first)].previous = client }
            leaders[count] = client
        }
        if count > most {
            most = count
        } else if old.count == most, leaders[most] == ClientShares.none {
            // Counts change by one, so the client that left the top list now stands in the next one.
            most = count
        }
    }
}
