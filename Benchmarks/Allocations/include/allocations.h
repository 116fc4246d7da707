// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <stdint.h>

/// How many times this process has asked for memory.
uint64_t allocations_count(void);
