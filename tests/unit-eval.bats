load helper

@test "unit: distance" { run -0 "$BUILD/tests/test_distance"; }
@test "unit: loss" { run -0 "$BUILD/tests/test_loss"; }
@test "unit: metric" { run -0 "$BUILD/tests/test_metric"; }
