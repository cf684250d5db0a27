load helper

@test "unit: error" { run -0 "$BUILD/tests/test_error"; }
@test "unit: memory" { run -0 "$BUILD/tests/test_memory"; }
@test "unit: random" { run -0 "$BUILD/tests/test_random"; }
@test "unit: threads" { run -0 "$BUILD/tests/test_threads"; }
@test "unit: file" { run -0 "$BUILD/tests/test_file" "$BATS_TEST_TMPDIR"; }
@test "unit: cli" { run -0 "$BUILD/tests/test_cli" </dev/null; }
