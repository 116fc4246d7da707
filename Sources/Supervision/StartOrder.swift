// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a set of children.
package enum SupervisionError: Error, Sendable, Equatable {
    /// Two children have this name.
    case duplicateName(String)
    case unknownDependency(child: String, needs: String)
    /// Each needs the next, and the last the first.
    case cycle([String])
    /// A child of leader scope, and no keeper of leases.
    case leaseKeeperMissing(child: String)
}

/// Which children another's failure takes down, to be started again after it.
package enum RestartStrategy: String, Sendable, CaseIterable {
    /// None.
    case oneForOne
    /// Those after it in the start order.
    case restForOne
    /// All.
    case oneForAll
}

/// In which order children start; they stop in the reverse one.
///
/// The order of declaration, except that what a child needs comes before it.
struct StartOrder: Sendable {
    /// Child numbers, first to start first.
    let order: [Int]
    /// For each child what must be up before it starts, by name in `Child.needs`.
    let needs: [[Int]]
    /// For each child those before it in the order, where the strategy chains them.
    let earlier: [[Int]]
    /// For each child all that it needs, directly or not.
    let allNeeds: [[Int]]
    /// For each child all that need it, directly or not.
    let allDependents: [[Int]]

    init(_ children: [Child], strategy: RestartStrategy) throws(SupervisionError) {
        var numbers: [String: Int] = [:]
        for (number, child) in children.enumerated() {
            guard numbers.updateValue(number, forKey: child.name) == nil else {
                throw .duplicateName(child.name)
            }
        }
        var needs: [[Int]] = []
        for child in children {
            var own: [Int] = []
            for name in child.needs {
                guard let number = numbers[name] else {
                    throw .unknownDependency(child: child.name, needs: name)
                }
                own.append(number)
            }
            needs.append(own)
        }
        guard let order = Self.order(needs) else {
            throw .cycle(Self.cycle(needs).map { children[$0].name })
        }
        var earlier = [[Int]](repeating: [], count: children.count)
        if strategy != .oneForOne {
            for (place, child) in order.enumerated() { earlier[child] = Array(order[..<place]) }
        }
        var reached = [Set<Int>](repeating: [], count: children.count)
        for child in order {
            for need in needs[child] + earlier[child] {
                reached[child].formUnion(reached[need].union([need]))
            }
        }
        self.order = order
        self.needs = needs
        self.earlier = earlier
        allNeeds = reached.map { $0.sorted() }
        allDependents = reached.indices.map { need in
            reached.indices.filter { reached[$0].contains(need) }
        }
    }

    /// The earliest declared child whose needs are all placed comes next; nil when none can.
    private static func order(_ needs: [[Int]]) -> [Int]? {
        var order: [Int] = []
        var isPlaced = [Bool](repeating: false, count: needs.count)
        while order.count < needs.count {
            let next = needs.indices.first { child in
                !isPlaced[child] && needs[child].allSatisfy { isPlaced[$0] }
            }
            guard let next else { return nil }
            isPlaced[next] = true
            order.append(next)
        }
        return order
    }

    /// A cycle; there is one.
    private static func cycle(_ needs: [[Int]]) -> [Int] {
        // What stands in no cycle and leads to none drops out from its end.
        var left = Set(needs.indices)
        while let free = left.first(where: { left.isDisjoint(with: needs[$0]) }) {
            left.remove(free)
        }
        var path: [Int] = []
        var next = left.min()
        while let child = next, !path.contains(child) {
            path.append(child)
            next = needs[child].first { left.contains($0) }
        }
        return Array(path.drop { $0 != next })
    }
}
