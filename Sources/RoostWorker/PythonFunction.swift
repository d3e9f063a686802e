internal import CPython

/// Functions that Python calls.
enum PythonFunction {
    /// What Python calls: with the function's `self`, the arguments, how many of them are positional, and the names of
    /// the others, a tuple or nil.
    ///
    /// Returns an owned object, or nil with a Python error set.
    typealias Body =
        @convention(c) @Sendable (
            PythonObject?, UnsafePointer<PythonObject?>?, Int, PythonObject?
        ) -> PythonObject?

    /// A new function.
    ///
    /// Its description is never freed: the interpreter keeps the address. `object` is its `self`. Needs the GIL.
    static func make(_ name: StaticString, _ object: PythonObject?, _ body: @escaping Body) -> PythonObject? {
        let method = UnsafeMutablePointer<PyMethodDef>.allocate(capacity: 1)
        let nameStart = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        method.initialize(
            to: PyMethodDef(
                ml_name: nameStart,
                ml_meth: body,
                ml_flags: ROOST_METH_FASTCALL_KEYWORDS,
                ml_doc: nil
            )
        )
        return PyCFunction_NewEx(method, object, nil)
    }
}
