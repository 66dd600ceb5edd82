/// The page's script: details of points, and the latents browser.
///
/// Corpus text reaches the page through `textContent` alone, never as markup.
enum ReportScript {
  static let javaScript = """
    "use strict";
    (function () {
      const tip = document.createElement("div");
      tip.className = "tip";
      tip.setAttribute("role", "status");
      document.body.append(tip);
      function show(event) {
        const target = event.target.closest ? event.target.closest("[data-tip]") : null;
        if (!target) { tip.classList.remove("on"); return; }
        tip.textContent = target.dataset.tip;
        const box = target.getBoundingClientRect();
        tip.classList.add("on");
        const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2),
          innerWidth - tip.offsetWidth - 8);
        const above = box.top - tip.offsetHeight - 8;
        tip.style.left = left + "px";
        tip.style.top = (above > 4 ? above : box.bottom + 8) + "px";
      }
      document.addEventListener("pointerover", show);
      document.addEventListener("focusin", show);
      document.addEventListener("focusout", () => tip.classList.remove("on"));
      for (const title of document.querySelectorAll("svg [data-tip] > title")) title.remove();

      const data = document.getElementById("latents-data");
      if (!data) return;
      const browsers = JSON.parse(data.textContent);
      const list = document.getElementById("cards");
      const search = document.getElementById("search");
      const sort = document.getElementById("sort");
      const kind = document.getElementById("kind");
      const choice = document.getElementById("dictionary");
      const found = document.getElementById("found");
      const more = document.getElementById("more");
      const size = 12;
      let shown = [];
      let drawn = 0;

      function make(tag, className, text) {
        const element = document.createElement(tag);
        if (className) element.className = className;
        if (text !== undefined) element.textContent = text;
        return element;
      }
      const current = () => browsers[Number(choice.value) || 0];
      function haystack(browser, card) {
        if (card.haystack === undefined) {
          const words = ["#" + card.latent, card.explanation || ""];
          for (const one of card.promoted) words.push(browser.texts[one.text]);
          for (const context of card.contexts)
            words.push(context.texts.map((n) => browser.texts[n]).join(""));
          card.haystack = words.join("\\n").toLowerCase();
        }
        return card.haystack;
      }
      const orders = {
        density: (a, b) => b.density - a.density,
        rare: (a, b) => a.density - b.density,
        maximum: (a, b) => b.maximumActivation - a.maximumActivation,
        number: (a, b) => a.latent - b.latent,
        cosine: (a, b) => (b.isUnmatched && b.isReproduced ? 1 : 0)
          - (a.isUnmatched && a.isReproduced ? 1 : 0)
          || (a.otherCosine ?? 2) - (b.otherCosine ?? 2),
        token: (a, b) => (b.topTokenShare ?? 0) - (a.topTokenShare ?? 0),
        score: (a, b) => (b.score ?? -1) - (a.score ?? -1),
      };
      const kinds = {
        all: () => true,
        unmatched: (card) => card.isUnmatched === true,
        reproduced: (card) => card.isUnmatched === true && card.isReproduced === true,
        conceptual: (card) => card.kind === "conceptual",
        lexical: (card) => card.kind === "lexical",
        trivial: (card) => card.kind === "trivial",
        rare: (card) => card.kind === "rare",
        judged: (card) => card.score != null,
      };
      function update() {
        const browser = current();
        const words = search.value.trim().toLowerCase();
        const exact = /^#\\d+$/.test(words) ? Number(words.slice(1)) : null;
        shown = browser.cards.filter((card) => kinds[kind.value](card) &&
          (exact !== null ? card.latent === exact
            : words === "" || haystack(browser, card).includes(words)));
        shown.sort((a, b) => orders[sort.value](a, b) || a.latent - b.latent);
        list.replaceChildren();
        drawn = 0;
        found.textContent = shown.length + " of " + browser.cards.length + " latents";
        draw();
      }
      function draw() {
        const browser = current();
        for (const card of shown.slice(drawn, drawn + size)) list.append(cardElement(browser, card));
        drawn = Math.min(drawn + size, shown.length);
        more.hidden = drawn >= shown.length;
        if (shown.length === 0) list.append(make("p", "note", "No latent matches."));
      }
      function percent(share) {
        const value = 100 * share;
        return (value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : value.toPrecision(1))
          + " %";
      }
      function fact(list, name, value) {
        list.append(make("dt", "", name), make("dd", "", value));
      }
      function histogram(counts) {
        const space = "http://www.w3.org/2000/svg";
        const svg = document.createElementNS(space, "svg");
        svg.setAttribute("class", "histogram");
        svg.setAttribute("viewBox", "0 0 " + counts.length * 10 + " 44");
        svg.setAttribute("preserveAspectRatio", "none");
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", "firings by strength, weakest first");
        const largest = Math.max(1, ...counts);
        counts.forEach((count, index) => {
          const height = count === 0 ? 0 : Math.max(1.5, 42 * count / largest);
          const bar = document.createElementNS(space, "rect");
          bar.setAttribute("x", index * 10 + 0.8);
          bar.setAttribute("y", 44 - height);
          bar.setAttribute("width", 8.4);
          bar.setAttribute("height", height);
          svg.append(bar);
        });
        return svg;
      }
      function cardElement(browser, card) {
        const article = make("article", "latent");
        article.id = "latent-" + card.latent;
        const left = make("div", "");
        const heading = make("h4", "");
        const link = make("a", "", "Latent " + card.latent);
        link.href = "#latents?q=%23" + card.latent;
        heading.append(link);
        left.append(heading);
        const chips = make("div", "chips");
        if (card.kind) chips.append(make("span", "chip", card.kind));
        if (card.isUnmatched) chips.append(make("span", "chip only",
          card.isReproduced ? "domain only, in another seed too" : "not in the broad dictionary"));
        left.append(chips);
        const facts = make("dl", "facts");
        fact(facts, "fires on", percent(card.density) + " (" + card.firings + ")");
        fact(facts, "largest activation", card.maximumActivation.toPrecision(3));
        fact(facts, "mean when active", card.meanActivation.toPrecision(3));
        if (card.topTokenShare != null) fact(facts, "on one token", percent(card.topTokenShare));
        if (card.otherCosine != null)
          fact(facts, "nearest " + browser.comparedWith, "cos " + card.otherCosine.toFixed(2));
        if (card.score != null) fact(facts, "judge's score", card.score.toFixed(2));
        left.append(facts, histogram(card.histogram));
        if (card.promoted.length) {
          const promoted = make("p", "side");
          promoted.append(make("b", "", "promotes"));
          for (const one of card.promoted) {
            promoted.append(make("span", "promoted", visible(browser.texts[one.text]).trim() || "␣"), " ");
          }
          left.append(promoted);
        }
        const near = make("p", "side");
        near.append(make("b", "", "nearest decoder rows"));
        card.neighbors.forEach((one, index) => {
          const other = make("a", "", "#" + one.latent);
          other.href = "#latents?q=%23" + one.latent;
          near.append(index ? ", " : "", other, " " + one.cosine.toFixed(2));
        });
        if (card.neighbors.length) left.append(near);
        const right = make("div", "");
        if (card.explanation) right.append(make("p", "explanation", card.explanation));
        for (const context of card.contexts) {
          const line = make("p", "context");
          line.append(make("span", "value", context.activation.toPrecision(3)));
          context.texts.forEach((number, index) => {
            const strength = context.strengths[index];
            const text = visible(browser.texts[number]);
            const token = make("span", "", index === 0 ? text.trimStart() : text);
            if (strength > 0) {
              token.style.background = "rgba(var(--hot), " + (0.07 + 0.075 * strength) + ")";
              token.title = "about " + strength + " ninths of the largest activation";
            }
            line.append(token);
          });
          right.append(line);
        }
        article.append(left, right);
        return article;
      }
      function visible(text) { return text.replace(/\\r?\\n/g, "⏎").replace(/\\t/g, "⇥"); }

      function fromAddress() {
        const address = location.hash;
        if (!address.startsWith("#latents?")) return false;
        const wanted = new URLSearchParams(address.slice(9));
        if (wanted.has("d") && browsers[Number(wanted.get("d"))]) choice.value = wanted.get("d");
        search.value = wanted.get("q") || "";
        kind.value = "all";
        update();
        document.getElementById("latents").scrollIntoView();
        return true;
      }
      for (const element of [search, sort, kind, choice]) element.addEventListener("input", update);
      more.addEventListener("click", draw);
      addEventListener("hashchange", fromAddress);
      if (!fromAddress()) update();
    })();
    """
}
