load helper

@test "unit: scan" { run -0 "$BUILD/tests/test_scan"; }
@test "unit: stream" { run -0 "$BUILD/tests/test_stream"; }
@test "unit: json" { run -0 "$BUILD/tests/test_json"; }
