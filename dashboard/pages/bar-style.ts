/** The style of the bar, the same above our pages and above Bull Board, which has names and colours of its own: all of these have a prefix. */
export const BAR_STYLE = `
:root {
  --shiftwork-bar: 3.25rem;
  --shiftwork-card: #ffffff; --shiftwork-ink: #23282e; --shiftwork-soft: #5d6670; --shiftwork-line: #dfddd6;
  --shiftwork-accent: #2a6f77;
}
@media (prefers-color-scheme: dark) {
  :root {
    --shiftwork-card: #1c2228; --shiftwork-ink: #e3e6e8; --shiftwork-soft: #9aa4ad; --shiftwork-line: #2d353d;
    --shiftwork-accent: #7cc4cb;
  }
}
.shiftwork-bar {
  box-sizing: border-box; display: flex; align-items: center; gap: .25rem 1.5rem; min-height: var(--shiftwork-bar); padding: 0 1.5rem;
  background: var(--shiftwork-card); color: var(--shiftwork-ink); border-bottom: 1px solid var(--shiftwork-line);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
.shiftwork-bar a { color: var(--shiftwork-accent); }
.shiftwork-bar :focus-visible { outline: 3px solid var(--shiftwork-accent); outline-offset: -3px; border-radius: 4px; }
.shiftwork-bar .shiftwork-brand {
  display: flex; align-items: center; gap: .6rem; min-height: 2.75rem; font-weight: 650; color: var(--shiftwork-ink); text-decoration: none;
}
.shiftwork-bar nav { display: flex; overflow-x: auto; align-self: stretch; scrollbar-width: none; }
.shiftwork-bar nav a {
  display: flex; align-items: center; padding: 0 .7rem; white-space: nowrap; text-decoration: none;
  border-top: 3px solid transparent; border-bottom: 3px solid transparent;
}
.shiftwork-bar nav a:hover { text-decoration: underline; }
.shiftwork-bar nav a[aria-current] { border-bottom-color: currentColor; font-weight: 650; color: var(--shiftwork-ink); }
.shiftwork-who { margin-left: auto; display: flex; align-items: center; gap: 1rem; color: var(--shiftwork-soft); white-space: nowrap; }
.shiftwork-who > span { overflow: hidden; text-overflow: ellipsis; max-width: 16rem; }
.shiftwork-who small { border: 1px solid var(--shiftwork-line); border-radius: 99px; padding: .1rem .55rem; margin-left: .35rem; font-size: .82rem; }
.shiftwork-who form { margin: 0; }
.shiftwork-who button {
  font: inherit; background: transparent; color: var(--shiftwork-soft); border: 1px solid var(--shiftwork-line); border-radius: 8px;
  padding: .3rem .8rem; min-height: 2.25rem; cursor: pointer;
}
@media (max-width: 60rem) {
  :root { --shiftwork-bar: 6rem; }
  .shiftwork-bar { flex-wrap: wrap; padding: 0; gap: 0; }
  .shiftwork-bar .shiftwork-brand { padding-left: 1rem; }
  .shiftwork-who { padding-right: 1rem; gap: .6rem; }
  .shiftwork-who > span { max-width: 8rem; }
  .shiftwork-who small { display: none; }
  .shiftwork-bar nav { order: 1; flex: 0 0 100%; padding: 0 .3rem; }
  .shiftwork-bar nav a { min-height: 2.75rem; }
}
`;

/** Bull Board's own header and menu are fixed to the top of the window: below the bar they begin. */
export const BOARD_STYLE = `${BAR_STYLE}
body > .shiftwork-bar { position: fixed; top: 0; left: 0; z-index: 100; width: 100%; height: var(--shiftwork-bar); }
:root, .dark-mode, .light-mode { --header-offset: calc(var(--header-height) + var(--shiftwork-bar)) !important; }
#root header[class^="header-"] { padding-top: var(--shiftwork-bar); }
/* The bar has it already. */
#root header [class^="logo-"] { visibility: hidden; height: auto; }
/* The name of a worker has no spaces: it lay over the line beside it. */
#root [class*="timeline-"] li { overflow-wrap: anywhere; }
/* Its softer texts are too soft to be read by everybody. */
.shiftwork-bar small, #root small { opacity: 1; }
body:not(.dark-mode) #root kbd, body:not(.dark-mode) #root small { color: #4d5761; }
body:not(.dark-mode) #root [class^="nullValue-"] { color: #56606b; }
body:not(.dark-mode) [role=menuitem][class^="danger-"] { color: #b02a25 !important; }
.dark-mode { --status-failed: #ef8a86 !important; }
body:not(.dark-mode) #root [class*="flagAlert-"], body:not(.dark-mode) #root [class*="flagAlert-"] [class^="flagCount-"] { color: #b02a25; }
body:not(.dark-mode) #root [class^="workersBadge-"] { color: #8a5a00; }
body:not(.dark-mode) #root aside a[class*="active"] [class^="queueName-"], body:not(.dark-mode) #root aside [aria-current] [class^="queueName-"] { color: #0a4f47; }
`;
