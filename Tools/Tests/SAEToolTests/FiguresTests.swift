import Testing

@testable import sae

@Suite struct FiguresTests {
  @Test(arguments: [
    (0.8701, 4, "0.8701"), (12.345, 2, "12.35"), (0, 4, "0.0000"), (-3.5, 1, "-3.5"),
    (0.0001, 4, "0.0001"), (0.00004, 4, "4.00e-05"), (1e-38, 4, "1.00e-38"),
    (-2.5e-9, 3, "-2.50e-09"), (1e20, 4, "1.00e+20"), (123_456_789, 1, "123456789.0"),
    (.nan, 4, "NaN"), (.infinity, 2, "infinity"), (-.infinity, 2, "-infinity"),
  ])
  func fixedDigits(_ value: Double, _ digits: Int, _ text: String) {
    #expect(fixed(value, digits) == text)
  }

  /// Of whatever size, three digits count at least.
  @Test(arguments: [
    (0.8701, 4, "0.8701"), (12.345, 2, "12.35"), (0.5, 2, "0.500"), (0.00948, 4, "0.00948"),
    (0.000948, 4, "0.000948"), (0.0001, 4, "0.000100"), (0.00009489, 4, "9.49e-05"),
    (0, 4, "0.0000"),
    (-0.00012345, 4, "-0.000123"), (1e-38, 4, "1.00e-38"), (1e20, 4, "1.00e+20"), (.nan, 2, "NaN"),
  ])
  func digitsThatCount(_ value: Double, _ digits: Int, _ text: String) {
    #expect(measured(value, digits) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (999, "999"), (1000, "1 000"), (-1_234_567, "-1 234 567"), (0.6, "1"),
    (1e20, "1.00e+20"), (.nan, "NaN"), (.infinity, "infinity"),
  ])
  func groups(_ value: Double, _ text: String) {
    #expect(grouped(value) == text)
  }
}
