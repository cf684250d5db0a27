load helper

@test "unit: kernels against plain loops" {
	run -0 "$BUILD/tests/test_kernel"
}

@test "unit: layers against a reference in double, gradients along random directions" {
	run -0 "$BUILD/tests/test_layers"
}

@test "unit: networks: text, exact embeddings and gradients" {
	run -0 "$BUILD/tests/test_net"
}

@test "unit: models written and read back" {
	run -0 "$BUILD/tests/test_model" "$BATS_TEST_TMPDIR"
}
