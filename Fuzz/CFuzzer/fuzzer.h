// libFuzzer's entry for programs that have a main of their own (compiler-rt, FuzzerInterface.h).
#ifndef ROOST_FUZZER_H
#define ROOST_FUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
