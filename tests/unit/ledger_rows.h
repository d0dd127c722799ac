/*
 * A ledger for tests of reference data, with a transaction open.
 *
 *   enter, leave          set-up and tear-down for cmocka
 *   put, put_cos          add a Device of the inventory, a change of supplier
 *   supplier              who is responsible for a Device at a time
 */
#ifndef ECOSGATE_TESTS_LEDGER_ROWS_H
#define ECOSGATE_TESTS_LEDGER_ROWS_H

#include "spool/ledger/ledger_estate.h"
#include "tests/unit/ledger_home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define METER UINT64_C(0xF0DB1234567890A0)
#define GPF UINT64_C(0x00DB1234567890B0)
#define HUB UINT64_C(0x00DB1234567890C0)

static struct ledger *ledger;

static inline int enter(void **state)
{
    ledger = ledger_home_open(state);
    return ledger == NULL || !ledger_begin(ledger, NULL);
}

static inline int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static inline void put(uint64_t device, const char *type, const char *status, uint64_t hub, const char *mpxn,
                       uint64_t supplier)
{
    const struct ledger_inventory row = {.device = device,
                                         .device_type = type,
                                         .status = status,
                                         .mpxn = mpxn,
                                         .chf = hub,
                                         .supplier = supplier,
                                         .credentials = "TCOS"};

    assert_true(ledger_inventory_put(ledger, &row, NULL));
}

static inline void put_cos(const char *mpxn, int64_t starts, uint64_t gaining)
{
    const struct ledger_cos row = {.mpxn = mpxn, .starts = starts, .gaining = gaining};

    assert_true(ledger_cos_put(ledger, &row, NULL));
}

static inline uint64_t supplier(uint64_t device, int64_t at)
{
    uint64_t found = 999;

    assert_true(ledger_supplier_of(ledger, device, at, &found, NULL));
    return found;
}

#endif
