/// The largest difference, relative to the largest expected magnitude; infinite if sizes differ.
package func relativeDifference<Value: BinaryFloatingPoint>(_ found: [Value], _ expected: [Value])
  -> Double
{
  guard found.count == expected.count else { return .infinity }
  let scale = expected.reduce(0) { max($0, abs(Double($1))) }
  let difference = zip(found, expected).reduce(0.0) { worst, pair in
    let distance = abs(Double(pair.0) - Double(pair.1))
    return distance.isNaN ? .infinity : max(worst, distance)
  }
  return scale == 0 ? difference : difference / scale
}
