// The functions of the CPython C API that the worker calls, declared by us.
//
// One library file serves CPython 3.9 to 3.13: it calls exported functions and takes the addresses of exported objects,
// and never uses a macro, an inline function or the layout of a struct of the interpreter. The symbols are resolved
// against the interpreter that loads the library. What is called here must exist, with this meaning, in all of them.
#ifndef ROOST_CPYTHON_H
#define ROOST_CPYTHON_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct _object PyObject;
typedef struct _ts PyThreadState;
typedef ssize_t Py_ssize_t;

// https://docs.python.org/3/c-api/refcounting.html
void Py_IncRef(PyObject *object);
void Py_DecRef(PyObject *object);

// https://docs.python.org/3/c-api/init.html#thread-state-and-the-global-interpreter-lock
PyThreadState *PyEval_SaveThread(void);
void PyEval_RestoreThread(PyThreadState *state);
// What threading.get_ident() and threading.get_native_id() return.
unsigned long PyThread_get_thread_ident(void);
unsigned long PyThread_get_thread_native_id(void);
int PyThreadState_SetAsyncExc(unsigned long thread, PyObject *exception);

// https://docs.python.org/3/c-api/object.html
PyObject *PyObject_Type(PyObject *object);
PyObject *PyObject_GetAttr(PyObject *object, PyObject *name);
PyObject *PyObject_GetAttrString(PyObject *object, const char *name);
int PyObject_IsTrue(PyObject *object);
PyObject *PyObject_GetIter(PyObject *object);
int PyObject_SetAttrString(PyObject *object, const char *name, PyObject *value);
PyObject *PyIter_Next(PyObject *iterator);

// https://docs.python.org/3/c-api/call.html
PyObject *PyObject_CallNoArgs(PyObject *callable);
PyObject *PyObject_CallFunctionObjArgs(PyObject *callable, ...);

// https://docs.python.org/3/c-api/dict.html
PyObject *PyDict_New(void);
PyObject *PyDict_Copy(PyObject *dictionary);
int PyDict_SetItem(PyObject *dictionary, PyObject *key, PyObject *value);
int PyDict_DelItem(PyObject *dictionary, PyObject *key);
PyObject *PyDict_GetItemWithError(PyObject *dictionary, PyObject *key);

// https://docs.python.org/3/c-api/unicode.html
PyObject *PyUnicode_DecodeLatin1(const char *bytes, Py_ssize_t count, const char *errors);
PyObject *PyUnicode_DecodeUTF8(const char *bytes, Py_ssize_t count, const char *errors);
PyObject *PyUnicode_AsLatin1String(PyObject *text);
PyObject *PyUnicode_EncodeFSDefault(PyObject *text);
PyObject *PyUnicode_AsEncodedString(PyObject *text, const char *encoding, const char *errors);
const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *count);
PyObject *PyUnicode_Concat(PyObject *left, PyObject *right);
void PyUnicode_InternInPlace(PyObject **text);

// https://docs.python.org/3/c-api/bytes.html
PyObject *PyBytes_FromStringAndSize(const char *bytes, Py_ssize_t count);
int _PyBytes_Resize(PyObject **bytes, Py_ssize_t count);
int PyBytes_AsStringAndSize(PyObject *object, char **bytes, Py_ssize_t *count);

// What has the buffer protocol: a memoryview, a bytearray.
int PyObject_CheckBuffer(PyObject *object);
PyObject *PyBytes_FromObject(PyObject *object);

// https://docs.python.org/3/c-api/sequence.html
PyObject *PySequence_Fast(PyObject *object, const char *message);

// https://docs.python.org/3/c-api/list.html, https://docs.python.org/3/c-api/tuple.html
PyObject *PyList_New(Py_ssize_t count);
int PyList_Append(PyObject *list, PyObject *item);
Py_ssize_t PyList_Size(PyObject *list);
PyObject *PyList_GetItem(PyObject *list, Py_ssize_t index);
int PyList_SetItem(PyObject *list, Py_ssize_t index, PyObject *stolen);
PyObject *PyTuple_New(Py_ssize_t count);
int PyTuple_SetItem(PyObject *tuple, Py_ssize_t index, PyObject *stolen);
Py_ssize_t PyTuple_Size(PyObject *tuple);
PyObject *PyTuple_GetItem(PyObject *tuple, Py_ssize_t index);

// https://docs.python.org/3/c-api/long.html, https://docs.python.org/3/c-api/bool.html
PyObject *PyLong_FromLongLong(long long value);
long long PyLong_AsLongLong(PyObject *number);
PyObject *PyLong_FromUnsignedLongLong(unsigned long long value);
unsigned long long PyLong_AsUnsignedLongLong(PyObject *number);
double PyFloat_AsDouble(PyObject *number);
PyObject *PyBool_FromLong(long value);

// https://docs.python.org/3/c-api/exceptions.html
void PyErr_SetString(PyObject *type, const char *message);
void PyErr_SetObject(PyObject *type, PyObject *value);
PyObject *PyErr_SetFromErrnoWithFilenameObject(PyObject *type, PyObject *name);
PyObject *PyErr_Occurred(void);
void PyErr_Clear(void);
int PyErr_ExceptionMatches(PyObject *type);
int PyErr_GivenExceptionMatches(PyObject *exception, PyObject *type);
void PyErr_Fetch(PyObject **type, PyObject **value, PyObject **traceback);
void PyErr_Restore(PyObject *type, PyObject *value, PyObject *traceback);
void PyErr_NormalizeException(PyObject **type, PyObject **value, PyObject **traceback);
int PyException_SetTraceback(PyObject *exception, PyObject *traceback);

// https://docs.python.org/3/c-api/capsule.html
PyObject *PyCapsule_New(void *pointer, const char *name, void (*destructor)(PyObject *));
void *PyCapsule_GetPointer(PyObject *capsule, const char *name);

// https://docs.python.org/3/c-api/structures.html#implementing-functions-and-methods
// The one struct: it belongs to the stable ABI, and it is ours to fill in. The only calling convention we use is
// METH_FASTCALL | METH_KEYWORDS, which has had this form since 3.7.
typedef PyObject *(*RoostPythonFunction)(
    PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
typedef struct PyMethodDef {
    const char *ml_name;
    RoostPythonFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;
#define ROOST_METH_FASTCALL_KEYWORDS (0x0080 | 0x0002)
PyObject *PyCFunction_NewEx(PyMethodDef *method, PyObject *self, PyObject *module);

// Exported objects. Swift imports no variable of an incomplete type, so these functions give the addresses.
extern PyObject _Py_NoneStruct;
extern PyObject PyList_Type, PyTuple_Type, PyDict_Type;
extern PyObject *PyExc_AssertionError, *PyExc_AttributeError, *PyExc_RuntimeError, *PyExc_TypeError, *PyExc_ValueError,
    *PyExc_OSError;

static inline PyObject *roost_none(void) { return &_Py_NoneStruct; }
static inline PyObject *roost_list_type(void) { return &PyList_Type; }
static inline PyObject *roost_tuple_type(void) { return &PyTuple_Type; }
static inline PyObject *roost_dict_type(void) { return &PyDict_Type; }
static inline PyObject *roost_assertion_error(void) { return PyExc_AssertionError; }
static inline PyObject *roost_attribute_error(void) { return PyExc_AttributeError; }
static inline PyObject *roost_runtime_error(void) { return PyExc_RuntimeError; }
static inline PyObject *roost_type_error(void) { return PyExc_TypeError; }
static inline PyObject *roost_value_error(void) { return PyExc_ValueError; }
static inline PyObject *roost_os_error(void) { return PyExc_OSError; }

// Swift calls no variadic function.
static inline PyObject *roost_call1(PyObject *callable, PyObject *first) {
    return PyObject_CallFunctionObjArgs(callable, first, (PyObject *)0);
}
static inline PyObject *roost_call2(PyObject *callable, PyObject *first, PyObject *second) {
    return PyObject_CallFunctionObjArgs(callable, first, second, (PyObject *)0);
}

#endif
