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
