import { BAR_STYLE } from './bar-style.ts';

/** The style of our own pages. A text in a module, so that the built package needs no step that copies files. */
export const STYLESHEET = `${BAR_STYLE}
:root {
  color-scheme: light dark;
  --ground: #f6f5f2; --card: #ffffff; --ink: #23282e; --soft: #5d6670; --line: #dfddd6;
  --accent: #2a6f77; --accent-ink: #ffffff; --good: #2f6b3d; --warn: #8a5a00; --bad: #a8322d; --bad-ground: #fbeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181c; --card: #1c2228; --ink: #e3e6e8; --soft: #9aa4ad; --line: #2d353d;
    --accent: #7cc4cb; --accent-ink: #10262a; --good: #86c795; --warn: #e0b35c; --bad: #ef9a94; --bad-ground: #3a2322;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: .5rem; top: -4rem; z-index: 200; padding: .6rem 1rem; border-radius: 8px; background: var(--accent); color: var(--accent-ink); }
.skip:focus { top: .5rem; }
main:focus { outline: none; }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--card); color: var(--ink); padding: 1.25rem 1.5rem; max-width: min(32rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog h2 { margin-top: 0; }
dialog.keys dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0 0 1rem; }
dialog.keys dd { margin: 0; }
dialog.keys label { display: flex; align-items: center; gap: .5rem; margin: 0 0 1rem; font-weight: 400; }
kbd { border: 1px solid var(--line); border-radius: 6px; padding: .1rem .45rem; font: .9em ui-monospace, SFMono-Regular, Menlo, monospace; }
main { max-width: 72rem; margin: 0 auto; padding: 1.75rem 1.5rem 4rem; }
main.wide { max-width: 88rem; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 1.1rem; letter-spacing: -.01em; }
h1, .problem, .notice, .narrow p { overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; }
.narrow { max-width: 26rem; margin: 8vh auto 0; }
.stack { display: grid; gap: 1rem; }
form.search { display: flex; align-items: end; gap: .6rem; margin-bottom: 1rem; }
form.search label { flex: 0 1 32rem; margin: 0; }
form.search button { padding: .65rem 1rem; }
.card + .card { margin-top: 1rem; }
label { display: grid; gap: .3rem; font-weight: 550; }
input {
  font: inherit; padding: .55rem .7rem; border: 1px solid var(--soft); border-radius: 8px;
  background: var(--ground); color: var(--ink);
}
button {
  font: inherit; font-weight: 600; padding: .6rem 1rem; border: 0; border-radius: 8px; cursor: pointer;
  background: var(--accent); color: var(--accent-ink);
}
button.quiet { background: transparent; color: var(--soft); border: 1px solid var(--line); padding: .3rem .8rem; font-weight: 500; }
.problem, .notice { border-radius: 8px; padding: .65rem .9rem; margin: 0 0 1.1rem; }
.problem { background: var(--bad-ground); color: var(--bad); }
.notice { border: 1px solid var(--line); color: var(--soft); background: var(--card); }
.standing { border: 1px solid var(--line); border-left: 4px solid var(--warn); border-radius: 8px; background: var(--card); padding: .65rem .9rem; margin: 0 0 1.25rem; }
.standing.urgent { border-left-color: var(--bad); }
.standing h2 { margin: 0 0 .35rem; }
.standing ul { list-style: none; margin: 0; padding: 0; }
.standing li { display: flex; flex-wrap: wrap; gap: .15rem .6rem; align-items: baseline; padding: .4rem 0; overflow-wrap: anywhere; }
.standing li + li { border-top: 1px solid var(--line); }
.standing li span + span { flex: 1 1 18rem; }
.standing .badge { margin: 0; }
.tiles { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(6.4rem, 1fr)); margin: 0 0 1.25rem; padding: 0; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .6rem .7rem; }
.tiles dt { color: var(--soft); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: .85rem; font-weight: 400; color: var(--soft); }
.scroll { overflow-x: auto; padding: .25rem 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding: .75rem 1.25rem .25rem; font-size: .9rem; }
th, td { padding: .7rem 1.25rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 550; font-size: .9rem; border-bottom: 1px solid var(--line); }
tbody tr + tr th, tbody tr + tr td { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; }
table.dense th, table.dense td { padding: .6rem .45rem; } table.dense { font-size: .95rem; } table.dense th:first-child { padding-left: 1.25rem; } table.dense td:last-child { padding-right: 1.25rem; }
th abbr { text-decoration: none; cursor: help; }
tbody tr.below td { border-top: 0; padding: 0 1.25rem .4rem; text-align: left; } tr.below summary { padding: .2rem 0; color: var(--soft); font-size: .9rem; } tr.below .card { margin: .4rem 0 .6rem; }
table.texts th, table.texts td { text-align: left; white-space: normal; vertical-align: top; }
table.texts tbody th { min-width: 14rem; }
table.texts td { white-space: nowrap; }
table.texts td.when { white-space: normal; min-width: 9rem; }
table.close th, table.close td { padding: .45rem .75rem; } table.close th:first-child { padding-left: 1.25rem; } table.close tbody th small { white-space: nowrap; font-size: .8rem; }
table.close td.wide { white-space: normal; width: 100%; } .waits { display: block; }
tr.part th { font-weight: 400; padding-left: 2.25rem; }
th small { display: block; color: var(--soft); font-weight: 400; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .75rem; }
pre { margin: 0; font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.card { white-space: pre; }
.pairs { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 1rem 0; }
.pairs dt { color: var(--soft); }
.pairs dd { margin: 0; overflow-wrap: anywhere; }
.history { margin: 0; padding-left: 2.5rem; display: grid; gap: .5rem; }
.history time { color: var(--soft); font-variant-numeric: tabular-nums; }
.acts { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1rem; }
td .acts { margin: 0; }
button[hidden] { display: none; }
.spark { display: block; border-bottom: 1px solid var(--soft); } .spark-all { stroke: var(--accent); } .spark-bad { stroke: var(--bad); } .soft { color: var(--soft); }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); margin-bottom: 1.25rem; }
.charts .card + .card { margin-top: 0; }
.chart { margin: 0; padding: .9rem 1.1rem; }
.chart figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; margin-bottom: .35rem; }
.chart svg { width: 100%; height: auto; display: block; overflow: visible; }
.chart text { fill: var(--soft); font-size: 11px; }
.chart .grid { stroke: var(--line); }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.line-a { stroke: var(--accent); } .line-b { stroke: var(--good); } .line-c { stroke: var(--bad); stroke-dasharray: 4 3; }
.key::before { content: ""; display: inline-block; width: 1.1rem; border-top: 3px solid; margin-right: .4rem; vertical-align: middle; }
.key { color: var(--soft); font-size: .85rem; } .key-a::before { border-color: var(--accent); } .key-b::before { border-color: var(--good); } .key-c::before { border-color: var(--bad); border-top-style: dashed; }
.waterfall { margin-bottom: .5rem; } .waterfall svg { max-width: 46rem; }
.waterfall .wait { fill: var(--soft); opacity: .35; } .ran-good { fill: var(--good); } .ran-warn { fill: var(--warn); } .ran-bad { fill: var(--bad); }
.key-wait::before { border-color: var(--soft); opacity: .35; } .key-warn::before { border-color: var(--warn); } .key-bad::before { border-color: var(--bad); }
.chart .hit { fill: transparent; } .chart a:hover .hit { fill: var(--accent); opacity: .12; }
.mark line { stroke: var(--soft); stroke-dasharray: 2 3; } .mark path { fill: var(--soft); }
.mark-crash line, .mark-host-lost line, .mark-sick line { stroke: var(--bad); } .mark-crash path, .mark-host-lost path, .mark-sick path { fill: var(--bad); }
.mark-deploy line { stroke: var(--accent); } .mark-deploy path { fill: var(--accent); }
.ranges { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1rem; }
.ranges b { font-variant-numeric: tabular-nums; }
.ranges a { padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 8px; text-decoration: none; min-height: 2rem; }
.ranges a[aria-current] { background: var(--accent); color: var(--accent-ink); border-color: var(--accent); }
.filters { display: grid; gap: .75rem 1rem; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr)); align-items: end; }
.find { margin-bottom: 1.25rem; }
.find p { margin: .75rem 0 0; display: flex; gap: 1rem; align-items: center; }
td.wide { min-width: 15rem; }
td .badge { margin-left: 0; }
pre.card.scroll { padding: .9rem 1.25rem; }
.filters label, .filters input, .filters select { min-width: 0; width: 100%; }
select, textarea { font: inherit; padding: .55rem .7rem; border: 1px solid var(--soft); border-radius: 8px; background: var(--ground); color: var(--ink); }
input, select { min-height: 2.75rem; font-weight: 400; } input[type=checkbox] { min-height: 0; }
textarea { font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; width: 100%; }
small.why, small.cause, .cause { display: block; color: var(--soft); font-weight: 400; white-space: normal; overflow-wrap: anywhere; }
.cause { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; max-width: 24rem; color: var(--bad); }
.tag { white-space: nowrap; }
h1 .badge { font-size: .9rem; vertical-align: middle; margin: 0 .25rem; }
h1 small.why { font-size: .95rem; letter-spacing: 0; }
.id { overflow-wrap: anywhere; }
.story { margin: 0; padding: 1rem 1.5rem; list-style: none; display: grid; gap: .5rem; }
.story li { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; border-left: 3px solid var(--line); padding-left: .75rem; color: var(--ink); font-weight: 400; }
.story li small { grid-column: 2; -webkit-line-clamp: 4; max-width: none; }
.story time { color: var(--soft); font-variant-numeric: tabular-nums; }
.story .good { border-color: var(--good); } .story .bad { border-color: var(--bad); } .story .warn { border-color: var(--warn); } .story .mark { border-left-style: dotted; border-color: var(--soft); color: var(--soft); }
.list { margin: 0; padding: 1rem 1.5rem 1rem 2.5rem; overflow-wrap: anywhere; }
form.acts label { display: flex; gap: .5rem; align-items: center; font-weight: 400; }
form[hidden] { display: none; }
details summary { cursor: pointer; padding: .6rem 0; }
@media (max-width: 600px) { .story li { grid-template-columns: 1fr; } .story li small { grid-column: 1; } }
.zero { color: var(--soft); }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); font-weight: 600; }
.badge { border: 1px solid currentColor; border-radius: 99px; padding: .05rem .5rem; font-size: .8rem; margin-left: .5rem; } p > .badge:first-child { margin-left: 0; }
table.texts td.wraps { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
td small { display: block; color: var(--soft); }
.strip { display: flex; gap: .25rem; list-style: none; margin: 0; padding: 0; }
.strip li { width: 1.5rem; height: 1.5rem; display: grid; place-items: center; border: 1px solid currentColor; border-radius: 6px; line-height: 1; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  .chart text { font-size: 19px; } .chart .time { transform: translateY(9px); } .chart .between { display: none; }
  main { padding: 1.25rem 1rem 4rem; }
  table, tbody, tr, td, tbody th { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: .6rem 1rem; }
  tbody tr + tr { border-top: 1px solid var(--line); }
  tbody tr + tr th, tbody tr + tr td { border-top: 0; }
  tbody th, tbody td, table.texts tbody th, table.texts tbody td {
    display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .3rem 0; text-align: left; white-space: normal; overflow-wrap: anywhere;
  }
  table.texts tbody th { min-width: 0; }
  tbody td::before { content: attr(data-label); color: var(--soft); }
  tbody td[data-label=""]::before { content: none; }
  tbody th small, tbody td small { flex: 0 0 100%; }
  table.dense td.zero { display: none; }
  tbody tr.below { border-top: 0; padding-top: 0; } tbody tr.below td { display: block; padding: 0; } tbody tr.below td::before { content: none; }
  td .acts, td .acts button { width: 100%; }
  button.quiet { min-height: 2.75rem; }
}
.foot { color: var(--soft); font-size: .9rem; margin: 1rem .25rem 0; }
`;

/** Waiting work on its way: three bars, the last one done. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2a6f77"/><g fill="#fff"><rect x="7" y="8" width="12" height="4" rx="2" opacity=".55"/><rect x="10" y="14" width="12" height="4" rx="2" opacity=".8"/><rect x="13" y="20" width="12" height="4" rx="2"/></g></svg>`;
