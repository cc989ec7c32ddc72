// The score of a chapter's quiz: under each answer one says whether one knew it, and the quiz counts. Nothing is kept
// once the page is left, and without this script the quiz reads the same.
(() => {
  const quiz = document.getElementById("quiz");
  const answers = quiz ? [...document.querySelectorAll("#quiz ~ details")] : [];
  const known = new Map();

  const score = document.createElement("p");
  score.className = "score";
  score.setAttribute("role", "status");

  function count() {
    const right = [...known.values()].filter(Boolean).length;
    score.textContent = known.size === 0 ? "" : `${right} of ${known.size} known, ${answers.length - known.size} to go`;
  }

  function button(answer, label, value) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      known.set(answer, value);
      button.parentElement.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
      count();
    });
    return button;
  }

  for (const answer of answers) {
    const asked = document.createElement("p");
    asked.className = "asked";
    asked.append(button(answer, "I knew it", true), button(answer, "not yet", false));
    answer.append(asked);
  }
  answers.at(-1)?.after(score);
})();
