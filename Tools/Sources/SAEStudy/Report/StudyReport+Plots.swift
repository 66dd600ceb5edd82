/// The plots.
extension StudyReport {
  func pareto(_ quality: WidthComparison.Quality) -> String {
    let charts = StudyText.allCases.map { chart(quality, on: $0).svg() }.filter { !$0.isEmpty }
    guard !charts.isEmpty else { return "" }
    let isLoss = quality == .lossRecovered
    return """
      <section id="\(isLoss ? "loss" : "variance")">
      <h2>\(isLoss ? "Loss recovered against sparsity" : "Variance explained against sparsity")</h2>
      <p class="lead">\(isLoss ? Self.lossLead : Self.varianceLead)</p>
      \(legend())
      <div class="charts">\(charts.joined(separator: "\n"))</div>
      </section>
      """
  }

  private static let varianceLead = """
    Fraction of variance explained on held-out text: 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖². A point is the \
    mean over seeds, its whisker the 95% interval, the small dots the single trainings. Up and to \
    the left is better.
    """

  private static let lossLead = """
    Share of the loss that zeros in the activations' place would cost and the reconstruction does \
    not: (zero − spliced) / (zero − clean), as quotient of means over all predictions.
    """

  func legend() -> String {
    let colors = arms.map {
      "<li class=\"\($0.rawValue)\"><i></i>\(Self.name($0))</li>"
    }
    let marks = widths.enumerated().map { rank, latents in
      let shape =
        switch rank % 3 {
        case 0: "<circle class=\"mark\" cx=\"17\" cy=\"6\" r=\"4.5\"/>"
        case 1: "<rect class=\"mark\" x=\"13\" y=\"2\" width=\"8\" height=\"8\"/>"
        default: "<path class=\"mark\" d=\"M17 0l6 10h-12z\"/>"
        }
      return """
        <li><svg viewBox="0 0 34 12" aria-hidden="true"><line class="line rank\(rank % 3)" x1="0" \
        x2="34" y1="6" y2="6"/>\(shape)</svg>\(HTML.count(latents)) latents</li>
        """
    }
    return "<ul class=\"legend\">\((colors + marks).joined())</ul>"
  }

  private func chart(_ quality: WidthComparison.Quality, on text: StudyText) -> ScatterChart {
    var series: [ScatterChart.Series] = []
    for arm in arms {
      for (rank, latents) in widths.enumerated() {
        let points = results.configuration.sparsity.sorted().compactMap { sparsity in
          point(arm, latents, sparsity, quality, text)
        }
        if !points.isEmpty {
          series.append(ScatterChart.Series(arm: arm, rank: rank % 3, points: points))
        }
      }
    }
    return ScatterChart(
      title: "On held-out \(text.rawValue) text",
      yTitle: quality == .lossRecovered ? "loss recovered" : "fraction of variance explained",
      series: series)
  }

  private func point(
    _ arm: StudyArm, _ latents: Int, _ sparsity: Double, _ quality: WidthComparison.Quality,
    _ text: StudyText
  ) -> ScatterChart.Point? {
    let members = results(arm, latents, sparsity).compactMap { result -> (x: Double, y: Double)? in
      let measured = result.measurement(on: text)
      guard let l0 = measured.l0, let value = measured[quality] else { return nil }
      return (l0, value)
    }
    guard let l0 = SeedEstimate(members.map(\.x)), let value = SeedEstimate(members.map(\.y))
    else { return nil }
    let details = [
      Self.name(arm), "\(HTML.count(latents)) latents, \(setting(sparsity))",
      "L0 \(HTML.estimate(l0, 1))",
      "\(quality == .lossRecovered ? "loss recovered" : "FVE") \(HTML.estimate(value, 4))",
      "live \(HTML.percent(estimate(arm, latents, sparsity, on: text, \.aliveFraction)?.mean))",
      "\(members.count) seed\(members.count == 1 ? "" : "s")",
    ]
    return ScatterChart.Point(
      x: l0.mean, y: value.mean, margin: value.margin, members: members.count > 1 ? members : [],
      details: details.joined(separator: "\n"))
  }

  func residual() -> String {
    let charts = StudyText.allCases.map { text -> String in
      let bars = widths.flatMap { latents in
        arms.compactMap { arm -> StackedBars.Bar? in
          guard
            let linear = estimate(arm, latents, middleSparsity, on: text, \.linearUnexplained),
            let rest = estimate(arm, latents, middleSparsity, on: text, \.nonlinearUnexplained)
          else { return nil }
          return StackedBars.Bar(
            label: "\(Self.short(arm)), \(HTML.count(latents))", arm: arm,
            parts: [linear.mean, rest.mean], margins: [linear.margin, rest.margin])
        }
      }
      return StackedBars(
        title: "Left over on held-out \(text.rawValue) text",
        partNames: ["linear part", "nonlinear part"], bars: bars
      ).svg()
    }.filter { !$0.isEmpty }
    guard !charts.isEmpty else { return "" }
    return """
      <section id="residual">
      <h2>What is left over</h2>
      <p class="lead">Of the variance that the autoencoders of \
      \(setting(middleSparsity)) leave unexplained, the pale part can be predicted linearly \
      from the activations: a dictionary with more, or better, latents could have had it. The full \
      part cannot (“dark matter”, Engels et al. 2024). The fit is made on other held-out text than \
      it is measured on.</p>
      <div class="charts">\(charts.joined(separator: "\n"))</div>
      </section>
      """
  }

  func density() -> String {
    let shown = arms.compactMap { arm -> (StudyArm, AutoencoderMeasurement)? in
      results(arm, widest, middleSparsity).first.map { (arm, $0.onDomain) }
    }.filter { $0.1.densityHistogram.contains { $0 > 0 } }
    guard !shown.isEmpty else { return "" }
    let largest = shown.compactMap { $0.1.densityHistogram.max() }.max() ?? 0
    let charts = shown.map { arm, measured in
      DensityHistogram(
        title: "\(Self.name(arm).prefix(1).uppercased() + Self.name(arm).dropFirst())", arm: arm,
        counts: measured.densityHistogram, largest: largest
      ).svg()
    }
    return """
      <section id="density">
      <h2>How often latents fire</h2>
      <p class="lead">Latents by the share of held-out domain tokens on which they are active, \
      \(HTML.count(widest)) latents, \(setting(middleSparsity)), first seed. Latents \
      that never fired are not drawn.</p>
      <div class="charts small">\(charts.joined(separator: "\n"))</div>
      </section>
      """
  }
}
