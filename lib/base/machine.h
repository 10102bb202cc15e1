// The machine that a run is on: for memory checks, run.json and results.csv. Linux.
#pragma once

#include <cstdint>
#include <string>

namespace cnn {

std::string cpu_name();         // "AMD EPYC 9B14", or the architecture's name
std::string instruction_set();  // that this code is compiled for: "x86-64-v3"
std::string blas_name();        // "libopenblasp-r0.3.21.so", or "built in"

// Bytes that this process may still take: the smaller of MemAvailable and what its control group
// leaves; 0 if the system does not say.
uint64_t available_memory();

double resident_mib();       // now
double peak_resident_mib();  // the largest so far

// Seconds since 1970, and as ISO 8601 in UTC: "2026-01-31T08:05:09Z".
double wall_seconds();
std::string iso_time(double seconds);

}  // namespace cnn
