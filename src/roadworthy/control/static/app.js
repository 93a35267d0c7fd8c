// Comforts only: every page works without this file.
"use strict";

(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);

  // A title element would also show the browser's own tooltip, so its text moves here.
  const texts = new WeakMap();
  const textOf = (hit) => {
    const title = hit.querySelector("title");
    if (title) {
      texts.set(hit, title.textContent);
      title.remove();
    }
    return texts.get(hit);
  };

  let lit = null;
  const show = (hit) => {
    const [head, ...lines] = textOf(hit).split("\n");
    const bold = document.createElement("b");
    bold.textContent = head;
    const cells = lines.flatMap((line) => line.split("\t")).map((text) => {
      const cell = document.createElement("span");
      cell.textContent = text;
      return cell;
    });
    tip.replaceChildren(bold, ...cells);
    tip.hidden = false;
    lit?.classList.remove("on");
    lit = hit;
    hit.classList.add("on");
    place(hit.getBoundingClientRect());
  };
  const place = (box) => {
    const size = tip.getBoundingClientRect();
    const centred = box.left + box.width / 2 - size.width / 2;
    const room = document.documentElement.clientWidth - size.width - 8;
    tip.style.left = `${Math.max(8, Math.min(centred, room))}px`;
    tip.style.top = box.top > size.height + 12 ? `${box.top - size.height - 6}px` : `${box.bottom + 6}px`;
  };
  const hide = () => {
    tip.hidden = true;
    lit?.classList.remove("on");
    lit = null;
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const hits = [...plot.querySelectorAll(".hit")];
    if (!hits.length) continue;
    plot.addEventListener("pointerover", (event) => {
      const hit = event.target.closest(".hit");
      if (hit) show(hit);
    });
    plot.addEventListener("pointerleave", hide);
    // By keyboard: arrows walk along the columns, Enter opens the calls of one.
    plot.setAttribute("tabindex", "0");
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const at = hits.indexOf(lit);
      const next = {
        ArrowRight: Math.min(at + 1, hits.length - 1),
        ArrowLeft: at < 0 ? hits.length - 1 : Math.max(at - 1, 0),
        Home: 0,
        End: hits.length - 1,
      }[event.key];
      if (next !== undefined) {
        event.preventDefault();
        show(hits[next]);
      } else if (event.key === "Enter" && lit) {
        lit.closest("a")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
      } else if (event.key === "Escape") {
        hide();
      }
    });
  }
  addEventListener("scroll", () => lit && place(lit.getBoundingClientRect()), { passive: true });

  for (const block of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.before(button);
  }
})();
