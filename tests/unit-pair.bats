#!/usr/bin/env bats
# unit-pair - the unit tests of items, pairs, splits and samplers.
load helper

@test "unit: items" { run -0 "$BUILD/tests/test_items"; }
@test "unit: pair" { run -0 "$BUILD/tests/test_pair" "$BATS_TEST_TMPDIR"; }
@test "unit: sampler" { run -0 "$BUILD/tests/test_sampler"; }
@test "unit: split" { run -0 "$BUILD/tests/test_split"; }
