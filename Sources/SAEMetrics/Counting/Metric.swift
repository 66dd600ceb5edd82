public import SAECore

/// Something that is measured of tokens, their latents and their reconstruction, over any number of
/// batches.
///
/// The batches that tokens come in do not change the value. A metric of one's own is one type that
/// conforms: it is fed with the batches that ``evaluate(_:on:name:mask:tokenIDs:linearPart:batchTokens:bootstrap:forEachBatch:)``
/// has encoded, beside those that an ``Evaluation`` consists of.
public protocol Metric: Sendable {
  /// The figures after some tokens. A figure without meaning for them, such as a ratio of nothing, is
  /// undefined.
  associatedtype Value: Sendable, Equatable, Codable

  /// Adds the counted tokens of a batch.
  ///
  /// - Throws: `ShapeError` if the batch does not fit, or does not have what the metric looks at;
  ///   nothing is added then.
  mutating func update(_ batch: EncodedBatch) throws(ShapeError)

  /// Adds what another accumulator has counted, as tokens that follow this one's: equal to one pass up
  /// to rounding.
  ///
  /// - Throws: `ShapeError` if it is of other sizes.
  mutating func merge(_ other: Self) throws(ShapeError)

  /// The metric of all tokens so far.
  var value: Value { get }
}
