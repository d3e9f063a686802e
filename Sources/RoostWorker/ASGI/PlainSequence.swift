internal import CPython

/// The items of any iterable, as a list or a tuple that it is or that was made of it.
///
/// Holds a reference. Needs the GIL.
struct PlainSequence: ~Copyable {
    /// Items.
    let count: Int
    private let object: PythonObject
    private let isTuple: Bool

    /// Creates it; nil, with no Python error set, for what is not iterable.
    init?(_ iterable: PythonObject) {
        guard let object = PySequence_Fast(iterable, "not iterable") else {
            PyErr_Clear()
            return nil
        }
        self.object = object
        isTuple = PythonType.isExactly(roost_tuple_type(), object)
        count = isTuple ? PyTuple_Size(object) : PyList_Size(object)
    }

    /// Creates it with items that are lists or tuples themselves, of any iterable of iterables.
    ///
    /// Reading it, and them, runs no code of the application: what that might do meanwhile is done. Nil, with no Python
    /// error set, for what is none.
    init?(ofSequences iterable: PythonObject) {
        guard let plain = PlainSequence(iterable) else { return nil }
        var index = 0
        while index < plain.count, let item = plain[index], Self.isPlain(item) { index += 1 }
        if index == plain.count {
            self = plain
            return
        }
        guard let made = PyList_New(plain.count) else {
            PyErr_Clear()
            return nil
        }
        for index in 0..<plain.count {
            guard let item = plain[index] else {
                Py_DecRef(made)
                return nil
            }
            // Its iterator is the application's code.
            Py_IncRef(item)
            let sequence = PySequence_Fast(item, "not iterable")
            Py_DecRef(item)
            // None for what is not iterable: who reads it says so.
            if sequence == nil {
                PyErr_Clear()
                Py_IncRef(roost_none())
            }
            guard PyList_SetItem(made, index, sequence ?? roost_none()) == 0 else {
                PyErr_Clear()
                Py_DecRef(made)
                return nil
            }
        }
        object = made
        isTuple = false
        count = plain.count
    }

    private static func isPlain(_ object: PythonObject) -> Bool {
        PythonType.isExactly(roost_tuple_type(), object) || PythonType.isExactly(roost_list_type(), object)
    }

    deinit {
        Py_DecRef(object)
    }

    /// One item.
    ///
    /// Borrowed. Nil, with no Python error set, when there is none: another thread may have changed the list.
    subscript(index: Int) -> PythonObject? {
        if let item = isTuple ? PyTuple_GetItem(object, index) : PyList_GetItem(object, index) { return item }
        PyErr_Clear()
        return nil
    }
}
