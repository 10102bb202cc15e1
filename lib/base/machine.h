// The machine that a run is on: for memory checks, run.json and results.csv. Linux.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cnn {

std::string cpu_name();         // "AMD EPYC 9B14", or the architecture's name
std::string instruction_set();  // that this code is compiled for: "x86-64-v3"
// The best of those that this code or a library may know and that the processor and the system
// offer: "x86-64", "x86-64-v3", "x86-64-v4", "aarch64", "aarch64-sve".
std::string offered_instruction_set();

// Bytes that this process may still take: the smallest of MemAvailable, what its control group
// leaves, and address_space_left(); 0 if the system does not say.
uint64_t available_memory();

// Bytes of addresses that the limit (ulimit -v) leaves; none where there is no limit.
std::optional<uint64_t> address_space_left();

// Whether blocks of these sizes can be had at this moment, all at once. They are given back.
bool can_map(const std::vector<uint64_t>& sizes);

double resident_mib();       // now
double peak_resident_mib();  // the largest so far

// Seconds since 1970, and as ISO 8601 in UTC: "2026-01-31T08:05:09Z".
double wall_seconds();
std::string iso_time(double seconds);

}  // namespace cnn
