/// An array as the fixtures describe it.
struct ExpectedArray: Decodable {
  let shape: [Int]
  let valuesRowMajor: [Double]

  enum CodingKeys: String, CodingKey {
    case shape
    case valuesRowMajor = "values_row_major"
  }
}
