#!/usr/bin/env bats
# unit-pair - the unit tests of items, pairs, splits and samplers.
load helper

@test "unit: items" { run -0 "$BUILD/tests/test_items"; }
