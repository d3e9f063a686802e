internal import CPython
internal import WorkerLink

/// The Python side of the worker: what `roost/_wsgi.py` lends to the lanes.
///
/// Made once by each lane, under the GIL.
struct Glue {
    /// The application: `app(environ, start_response)`.
    let application: PythonObject
    /// The environ that every request's is a copy of: the lane's own, which it adds to.
    ///
    /// Python changes it too: `wsgi.multithread`, when there are more threads than one, or no longer.
    let template: PythonObject
    /// The path below which the application is mounted.
    let rootPath: RootPath
    /// `io.BytesIO`.
    let bytesIO: PythonObject
    /// The class behind `wsgi.file_wrapper`.
    let fileWrapper: PythonObject
    /// `plain_file(iterable)`: (descriptor, offset, count), or None for what must be read in blocks.
    let plainFile: PythonObject
    /// `open_body(descriptor, count)`: a buffered reader that owns the descriptor.
    let openBody: PythonObject
    /// `error_log(write)`: the object behind `wsgi.errors`.
    let errorLog: PythonObject
    /// `left_out(environ, names)`: what the log says of header fields that were left out; None when it has been said.
    let leftOut: PythonObject
    /// `describe(exception)`: its traceback as text.
    let describe: PythonObject
    /// `roost.RequestTimeout`: what an interrupted request gets.
    let requestTimeout: PythonObject
    /// `absorb()`: runs Python code until an interrupt that is pending has come out of it.
    let absorb: PythonObject
    /// `leave_child(exception or None)`: ends a forked child that came out of the application.
    ///
    /// Never returns.
    let leaveChild: PythonObject

    /// Takes the parts from an object with these attributes.
    ///
    /// Returns nil with a Python error set.
    init?(_ object: PythonObject) {
        func part(_ name: StaticString) -> PythonObject? { PythonText.attribute(name, of: object) }
        guard let application = part("application"), let template = part("template"),
            let rootPath = part("root_path"),
            let bytesIO = part("bytes_io"), let fileWrapper = part("file_wrapper"),
            let plainFile = part("plain_file"), let openBody = part("open_body"),
            let errorLog = part("error_log"), let describe = part("describe"),
            let leftOut = part("left_out"),
            let requestTimeout = part("request_timeout"), let absorb = part("absorb"),
            let leaveChild = part("leave_child")
        else { return nil }
        self.application = application
        self.template = template
        self.rootPath = RootPath(PythonBytes.view(of: rootPath) ?? UnsafeRawBufferPointer(start: nil, count: 0))
        self.bytesIO = bytesIO
        self.fileWrapper = fileWrapper
        self.plainFile = plainFile
        self.openBody = openBody
        self.errorLog = errorLog
        self.leftOut = leftOut
        self.describe = describe
        self.requestTimeout = requestTimeout
        self.absorb = absorb
        self.leaveChild = leaveChild
    }
}
