// The helpers that this folder's tests share.
#include "support/process.cpp"
