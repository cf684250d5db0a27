load helper

@test "unit: distance" { run -0 "$BUILD/tests/test_distance"; }
@test "unit: calibration" { run -0 "$BUILD/tests/test_calibration"; }
@test "unit: search" { run -0 "$BUILD/tests/test_search" "$BATS_TEST_TMPDIR/gallery.sn"; }
@test "unit: loss" { run -0 "$BUILD/tests/test_loss"; }
@test "unit: bootstrap" { run -0 "$BUILD/tests/test_bootstrap"; }
@test "unit: features" { run -0 "$BUILD/tests/test_features"; }
@test "unit: identification" { run -0 "$BUILD/tests/test_identification"; }
@test "unit: metric" { run -0 "$BUILD/tests/test_metric"; }
