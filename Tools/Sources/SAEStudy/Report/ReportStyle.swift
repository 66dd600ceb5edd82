/// How the page looks: light and dark, on a phone, and on paper.
enum ReportStyle {
  static let css = """
    :root {
      color-scheme: light dark;
      --page: #fbfaf7; --card: #ffffff; --ink: #1c2126; --soft: #5a646e; --faint: #8b949d;
      --edge: #e4e1da; --grid: #ecebe6; --accent: #0f6f68; --wash: #f3f1eb;
      --domain: #0f766e; --broad: #b4560c; --boosted: #6b46b8; --hot: 15, 118, 110;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #14171a; --card: #1b1f23; --ink: #e8eaec; --soft: #a4adb6; --faint: #79838d;
        --edge: #2d3339; --grid: #282d33; --accent: #4fd1c0; --wash: #20252a;
        --domain: #45c9b8; --broad: #f0a04b; --boosted: #b295f0; --hot: 69, 201, 184;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    }
    main, header.top { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
    header.top { padding-top: 48px; }
    .kicker { color: var(--accent); font-size: 13px; font-weight: 650; letter-spacing: .06em;
      text-transform: uppercase; margin: 0 0 8px; }
    h1 { font-size: clamp(24px, 4vw, 36px); line-height: 1.18; letter-spacing: -.015em;
      margin: 0 0 16px; font-weight: 680; max-width: 24em; text-wrap: balance; }
    h2 { font-size: 22px; letter-spacing: -.01em; margin: 56px 0 6px; font-weight: 650; }
    h3 { font-size: 16px; margin: 28px 0 6px; font-weight: 650; }
    .answer { font-size: clamp(17px, 2.2vw, 20px); line-height: 1.5; max-width: 46em; margin: 0; }
    .answer b { font-weight: 680; }
    .lead { color: var(--soft); max-width: 50em; margin: 0 0 18px; }
    .subject { color: var(--soft); font-size: 14px; margin: 14px 0 0; max-width: 56em; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 14px;
      margin: 28px 0 0; }
    .tile { background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
      padding: 16px 18px; }
    .tile .figure { font-size: 28px; font-weight: 680; letter-spacing: -.02em; line-height: 1.15;
      font-variant-numeric: tabular-nums; }
    .tile .figure small { font-size: 15px; font-weight: 500; color: var(--soft); letter-spacing: 0; }
    .tile .what { color: var(--soft); font-size: 13.5px; line-height: 1.4; margin-top: 6px; }
    nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 28px 0 0; padding: 12px 0;
      border-top: 1px solid var(--edge); border-bottom: 1px solid var(--edge); font-size: 14px; }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
      gap: 18px; }
    .charts.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr)); }
    figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
      padding: 14px 14px 8px; min-width: 0; }
    figcaption { font-size: 14px; font-weight: 600; margin: 0 4px 6px; }
    .chart { width: 100%; height: auto; display: block; overflow: visible; }
    .grid { stroke: var(--grid); stroke-width: 1; }
    .base { stroke: var(--faint); stroke-width: 1; }
    .tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
    .axis { fill: var(--soft); font-size: 12.5px; }
    .domain { --c: var(--domain); } .broad { --c: var(--broad); } .boosted { --c: var(--boosted); }
    .line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; }
    .line.rank0 { stroke-dasharray: 5 4; }
    .line.rank2 { stroke-dasharray: 1.5 4; stroke-linecap: round; }
    .whisker { stroke: var(--c); stroke-width: 1.5; opacity: .75; }
    .member { fill: var(--c); opacity: .38; }
    .mark { fill: var(--c); stroke: var(--card); stroke-width: 1.5; }
    .hit { fill: transparent; }
    .point { cursor: default; outline: none; }
    .point:hover .mark, .point:focus .mark { stroke: var(--ink); }
    .bar { fill: var(--c); } .bar.part0 { opacity: .45; }
    .bar:hover, .bar:focus { stroke: var(--ink); stroke-width: 1; outline: none; }
    .legend { display: flex; flex-wrap: wrap; gap: 6px 20px; font-size: 14px; color: var(--soft);
      margin: 0 0 14px; padding: 0; list-style: none; }
    .legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px;
      background: var(--c); margin-right: 7px; }
    .legend svg { width: 34px; height: 12px; vertical-align: -1px; margin-right: 7px; }
    .legend svg .line, .legend svg .mark { --c: var(--soft); }
    .scroll { overflow-x: auto; border: 1px solid var(--edge); border-radius: 12px;
      background: var(--card); }
    table { border-collapse: collapse; width: 100%; font-size: 13.5px;
      font-variant-numeric: tabular-nums; }
    th, td { padding: 7px 12px; text-align: right; white-space: nowrap;
      border-bottom: 1px solid var(--edge); }
    th { font-weight: 600; color: var(--soft); background: var(--wash); font-size: 12.5px;
      vertical-align: bottom; }
    tr:last-child td { border-bottom: 0; }
    td:first-child, th:first-child { text-align: left; }
    tbody tr:hover td { background: var(--wash); }
    table.all { font-size: 12.5px; }
    details.all > .scroll { max-height: 560px; overflow: auto; }
    details.all thead th { position: sticky; top: 0; }
    details > summary { cursor: pointer; color: var(--accent); font-size: 14.5px; margin: 6px 0 12px; }
    .pm { color: var(--soft); font-size: .88em; }
    .dot { display: inline-block; width: 9px; height: 9px; border-radius: 3px; margin-right: 7px;
      background: var(--c); }
    .note { font-size: 13.5px; color: var(--soft); max-width: 58em; }
    .tip { position: fixed; z-index: 9; pointer-events: none; background: var(--ink);
      color: var(--page); font-size: 12.5px; line-height: 1.45; padding: 7px 10px; border-radius: 8px;
      max-width: 280px; white-space: pre-line; opacity: 0; transition: opacity .1s; }
    .tip.on { opacity: 1; }
    .controls { position: sticky; top: 0; z-index: 3; background: var(--page); display: flex;
      flex-wrap: wrap; gap: 10px; padding: 10px 0; align-items: center; }
    .controls input, .controls select { font: inherit; font-size: 15px; padding: 8px 11px;
      border: 1px solid var(--edge); border-radius: 9px; background: var(--card); color: var(--ink); }
    .controls input[type=search] { flex: 1 1 240px; min-width: 0; }
    .controls :focus-visible, button:focus-visible { outline: 2px solid var(--accent);
      outline-offset: 1px; }
    .found { color: var(--soft); font-size: 14px; }
    .cards { display: grid; gap: 14px; grid-template-columns: minmax(0, 1fr); }
    .latent { background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
      padding: 16px 18px; display: grid; grid-template-columns: 250px minmax(0, 1fr); gap: 6px 26px; }
    .latent h4 { margin: 0; font-size: 17px; font-weight: 650; }
    .latent h4 a { color: inherit; }
    .chips { display: flex; flex-wrap: wrap; gap: 5px; margin: 6px 0 8px; }
    .chip { font-size: 12px; padding: 1px 8px; border-radius: 99px; border: 1px solid var(--edge);
      color: var(--soft); }
    .chip.only { border-color: var(--domain); color: var(--domain); font-weight: 600; }
    .facts { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 1px 12px;
      font-size: 13px; }
    .facts dt { color: var(--soft); } .facts dd { margin: 0; text-align: right;
      font-variant-numeric: tabular-nums; }
    .histogram { width: 100%; height: 44px; margin: 8px 0 2px; display: block; }
    .histogram rect { fill: var(--domain); opacity: .75; }
    .side { font-size: 13px; margin: 8px 0 0; line-height: 1.7; }
    .side b { font-weight: 600; color: var(--soft); display: block; line-height: 1.4; }
    .promoted { background: var(--wash); border-radius: 5px; padding: 1px 5px; white-space: pre-wrap;
      display: inline-block; max-width: 100%; line-height: 1.4; margin: 0 1px 3px 0;
      overflow-wrap: anywhere; }
    .context { font-size: 14px; line-height: 1.75; margin: 0; padding: 7px 0;
      border-bottom: 1px solid var(--edge); overflow-wrap: anywhere; white-space: pre-wrap; }
    .context:last-child { border-bottom: 0; }
    .context span { border-radius: 3px; padding: 1px 0; }
    .context .value { color: var(--faint); font-size: 12px; padding-right: 10px;
      font-variant-numeric: tabular-nums; }
    .explanation { font-size: 14.5px; margin: 0 0 6px; font-style: italic; }
    button { font: inherit; font-size: 14.5px; padding: 8px 16px; border-radius: 9px; cursor: pointer;
      border: 1px solid var(--edge); background: var(--card); color: var(--accent); margin: 16px 0; }
    footer { color: var(--soft); font-size: 13px; margin: 64px 0 48px;
      border-top: 1px solid var(--edge); padding-top: 14px; }
    pre { background: var(--wash); border-radius: 10px; padding: 12px 14px; overflow-x: auto;
      font-size: 12.5px; }
    @media (max-width: 700px) {
      main, header.top { padding-left: 16px; padding-right: 16px; }
      header.top { padding-top: 28px; }
      .latent { grid-template-columns: minmax(0, 1fr); padding: 14px; }
      h2 { margin-top: 44px; }
      .tiles { grid-template-columns: 1fr 1fr; gap: 10px; }
      .tile { padding: 12px 13px; } .tile .figure { font-size: 22px; }
      .tick { font-size: 14px; } .axis { font-size: 14px; }
    }
    @media print {
      :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --faint: #777; --edge: #ccc;
        --grid: #e6e6e6; --wash: #f4f4f4; --accent: #0f6f68; --domain: #0f766e; --broad: #b4560c;
        --boosted: #6b46b8; --hot: 15, 118, 110; }
      * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
      .tiles { grid-template-columns: repeat(4, 1fr); } .charts { grid-template-columns: 1fr 1fr; }
      .charts.small { grid-template-columns: repeat(3, 1fr); }
      body { font-size: 10.5pt; }
      nav, .controls, button, .tip { display: none !important; }
      figure, .latent, .tile, tr { break-inside: avoid; }
      h2 { break-after: avoid; }
      .scroll, details.all > .scroll { overflow: visible; max-height: none; }
      table { font-size: 7.5pt; } td, th { padding: 2px 5px; } th { white-space: normal;
        font-size: 7pt; }
      table.all, table.all th { font-size: 5.5pt; } table.all td, table.all th { padding: 1px 3px; }
    }
    """
}
