load helper

@test "unit: optimizer" { run -0 "$BUILD/tests/test_optimizer"; }
@test "unit: prepare" { run -0 "$BUILD/tests/test_prepare"; }
@test "unit: rules" { run -0 "$BUILD/tests/test_rules"; }
@test "unit: schedule" { run -0 "$BUILD/tests/test_schedule"; }
@test "unit: train" { run -0 "$BUILD/tests/test_train"; }
@test "unit: whitening" { run -0 "$BUILD/tests/test_whitening"; }
