"use strict";
(function () {
  function shown(tree) {
    return Array.from(tree.querySelectorAll("details.node")).filter(function (node) {
      var above = node.parentElement.closest("details");
      return !above || above.open;
    });
  }
  function deeper(tree) {
    shown(tree).filter(function (node) { return !node.open && !node.classList.contains("leaf"); })
      .forEach(function (node) { node.open = true; });
  }
  function close(tree) {
    Array.from(tree.querySelectorAll("details.node")).reverse().forEach(function (node) { node.open = false; });
  }
  function reveal(target) {
    for (var at = target; at; at = at.parentElement.closest("details")) { at.open = true; }
    document.querySelectorAll(".found").forEach(function (node) { node.classList.remove("found"); });
    target.classList.add("found");
    target.scrollIntoView({ block: "center" });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-tree]");
    var link = event.target.closest("a.again");
    if (button) {
      var tree = document.getElementById(button.dataset.tree + "-tree");
      (button.dataset.do === "deeper" ? deeper : close)(tree);
    } else if (link) {
      event.preventDefault();
      reveal(document.getElementById(link.getAttribute("href").slice(1)));
    }
  });
})();
