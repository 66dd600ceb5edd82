import SAECore

extension ConfigurationFields {
  /// How queries and keys are turned, in both generations of configurations: by `rope_theta` and
  /// `rope_scaling`, or by `rope_parameters`, which may hold settings of each type of layer.
  ///
  /// - Parameters:
  ///   - headDimension: components of a head.
  ///   - base: θ where none is given.
  ///   - bases: what θ may be called outside `rope_parameters`.
  ///   - type: a layer's name in `layer_types`, for families with settings of each.
  ///   - share: the part of a head that is turned where the family has no other setting; nil: all of it,
  ///     and nothing else is supported.
  func rotary(
    headDimension: Int, base: Double = 10_000, bases: [String] = ["rope_theta"],
    type: String? = nil, share: Double? = nil
  ) throws(ModelError) -> RotarySettings {
    let generation = try rotaryObject("rope_parameters", type)
    if let parameters = generation {
      try require("rope_scaling", .null)
      let part = try parameters.part(share, "partial_rotary_factor", owner: self)
      return RotarySettings(
        base: try parameters.positive("rope_theta", default: base),
        dimension: try parameters.dimension(headDimension, part),
        scaling: try parameters.scaling(of: "rope_parameters", in: self))
    }
    let name = bases.first { self[$0] ?? .null != .null } ?? bases[0]
    let scaling = try rotaryObject("rope_scaling", nil)
    let field = self["rotary_pct"] == nil ? "partial_rotary_factor" : "rotary_pct"
    return RotarySettings(
      base: try positive(name, default: base),
      dimension: try dimension(headDimension, part(share, field, owner: self)),
      scaling: try scaling?.scaling(of: "rope_scaling", in: self))
  }

  /// An object of settings; of one for each type of layer, that of a type.
  private func rotaryObject(
    _ field: String, _ type: String?
  ) throws(ModelError) -> ConfigurationFields? {
    guard let value = self[field], value != .null else { return nil }
    guard var object = value.asObject else { throw invalid(field, "an object") }
    if let type, let own = object[type] {
      guard let settings = own.asObject else { throw invalid(field, "an object for \(type)") }
      object = settings
    }
    return ConfigurationFields(object, file: file)
  }

  /// The part of a head that is turned.
  private func part(
    _ share: Double?, _ field: String, owner: ConfigurationFields
  ) throws(ModelError) -> Double {
    let fields = self[field] == nil ? owner : self
    guard let share else {
      if let value = fields[field], value != .null, value.asDouble != 1 {
        throw fields.unsupported(field, "1")
      }
      return 1
    }
    let part = try fields.positive(field, default: share)
    guard part <= 1 else { throw fields.invalid(field, "a number from 0 to 1") }
    return part
  }

  private func dimension(_ headDimension: Int, _ part: Double) throws(ModelError) -> Int {
    let dimension = Int(Double(headDimension) * part)
    guard dimension >= 2, dimension % 2 == 0 else {
      throw invalid(
        "partial_rotary_factor", "an even number of a head's \(headDimension) components")
    }
    return dimension
  }

  /// What is done to the frequencies.
  private func scaling(
    of field: String, in owner: ConfigurationFields
  ) throws(ModelError) -> RotaryScaling? {
    let name = self["rope_type"] == nil ? "type" : "rope_type"
    let type = self[name] ?? .null
    var known: Set = ["rope_type", "type", "rope_theta", "partial_rotary_factor"]
    let scaling: RotaryScaling?
    switch type {
    case .null, .string("default"): scaling = nil
    case .string("linear"):
      known.insert("factor")
      scaling = .linear(factor: try needed("factor"))
    case .string("llama3"):
      known.formUnion([
        "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings",
      ])
      let (low, high) = (try needed("low_freq_factor"), try needed("high_freq_factor"))
      guard low < high else { throw invalid("high_freq_factor", "more than \(low)") }
      scaling = .llama3(
        factor: try needed("factor"), low: low, high: high,
        original: try needed("original_max_position_embeddings"))
    default: throw unsupported(name, "default, linear or llama3")
    }
    guard keys.allSatisfy(known.contains) else {
      throw owner.unsupported(field, known.sorted().joined(separator: ", "))
    }
    return scaling
  }

  private func needed(_ field: String) throws(ModelError) -> Double {
    guard self[field] != nil else { throw invalid(field, "a number above 0") }
    return try positive(field, default: 1)
  }
}
