/// a / b, undefined where b is 0; a NaN stays one.
func ratio(_ a: Double, _ b: Double) -> Double? { b == 0 ? nil : a / b }
