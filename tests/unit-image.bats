#!/usr/bin/env bats
# The C unit tests of lib/image.
load helper

@test "unit: image" { run -0 "$BUILD/tests/test_image"; }
@test "unit: augment" { run -0 "$BUILD/tests/test_augment"; }
