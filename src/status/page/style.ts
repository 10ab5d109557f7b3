/** The page's style sheet. Colours have names by what they mean; the dark ones are chosen, not computed. */
export const style = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--text:#1b2330;--faint:#5a6577;--line:#dde2ea;--accent:#2456c7;
--good:#1a7a42;--good-ground:#e4f4ea;--warning:#8a5a00;--warning-ground:#fdf1d8;--bad:#b3261e;--bad-ground:#fce8e6;
--s0:#2456c7;--s1:#c2570c;--s2:#1a7a42;--s3:#8b3fa8;--s4:#a3294c;--s5:#0d7680;--s6:#7a6200;--s7:#555f70}
@media (prefers-color-scheme:dark){:root{--ground:#10141b;--card:#181e28;--text:#e4e8ef;--faint:#9aa6b8;--line:#2c3543;--accent:#8ab0ff;
--good:#6cc992;--good-ground:#173324;--warning:#e6b450;--warning-ground:#3a2c0d;--bad:#ff8f86;--bad-ground:#44201d;
--s0:#8ab0ff;--s1:#f2a064;--s2:#6cc992;--s3:#d19be8;--s4:#f08ba6;--s5:#5fc7d1;--s6:#d8c25a;--s7:#aab4c4}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:1120px;margin:0 auto;padding:0 16px}
header{padding-top:24px;display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline}
h1{font-size:24px;line-height:1.2;margin:0;overflow-wrap:anywhere}
h1 span{color:var(--faint);font-weight:400}
h2{font-size:17px;margin:32px 0 10px}
h3{font-size:15px;margin:0}
p{margin:8px 0}
code{font:13px/1.4 ui-monospace,"Liberation Mono",Menlo,monospace;overflow-wrap:anywhere}
.note,.when{color:var(--faint);font-size:14px}
.when{margin:0}
.note.bad{color:var(--bad)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.card,table.rows{background:var(--card);border:1px solid var(--line);border-radius:10px}
.card{padding:16px}
.badge{display:inline-block;border-radius:999px;padding:1px 10px;font-weight:600;font-size:13px;line-height:20px;white-space:nowrap;color:var(--faint);background:var(--line)}
.badge.good{color:var(--good);background:var(--good-ground)}
.badge.warning{color:var(--warning);background:var(--warning-ground)}
.badge.bad{color:var(--bad);background:var(--bad-ground)}
header .badge{font-size:15px;line-height:24px;padding:2px 14px}
.problems{margin-top:20px;background:var(--bad-ground);border:1px solid var(--bad);border-radius:10px;padding:14px 18px}
.problems h2{margin:0 0 6px;color:var(--bad)}
.problems ul{margin:0;padding-left:18px}
.problems li{overflow-wrap:anywhere}
table{border-collapse:separate;border-spacing:0;width:100%}
table.rows th,table.rows td{padding:9px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:middle}
table.rows tbody tr:last-child>*{border-bottom:0}
table.rows thead th{font-weight:500;font-size:13px;color:var(--faint)}
tbody th{font-weight:600;overflow-wrap:anywhere}
table.rows tbody th{min-width:9ch}
.number,table.rows th.number,table.rows td.number{text-align:right}
.number{white-space:nowrap}
.role{color:var(--faint);font-weight:400;font-size:13px}
.bar{display:inline-block;min-width:84px}
.bar svg{display:block;width:100%;height:4px;border-radius:2px;margin-bottom:3px}
.bar .ground{fill:var(--line)}.bar .good{fill:var(--accent)}.bar .warning{fill:var(--warning)}.bar .bad{fill:var(--bad)}
.topology{display:block;width:100%;height:auto;margin:0 auto}
.topology.wide{max-width:900px}
.topology.narrow{display:none;max-width:420px}
.topology text{fill:var(--text);font-size:13px}
.topology .name{font-weight:700;font-size:14px}
.topology .role,.topology .label{fill:var(--faint);font-size:12.5px}
.box rect{fill:var(--card);stroke:var(--line);stroke-width:1.5}
.box.good .state{fill:var(--good)}
.box.warning rect{stroke:var(--warning);fill:var(--warning-ground)}.box.warning .state{fill:var(--warning)}
.box.bad rect{stroke:var(--bad);fill:var(--bad-ground);stroke-dasharray:5 3}.box.bad .state{fill:var(--bad)}
.topology .label{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.edge{fill:none;stroke:var(--faint);stroke-width:1.5}
.edge.thick{stroke-width:2.5}
.edge.good{stroke:var(--good)}.edge.warning{stroke:var(--warning)}.edge.bad{stroke:var(--bad)}.edge.broken{stroke-dasharray:4 4}
.topology .label.warning{fill:var(--warning)}.topology .label.bad{fill:var(--bad);font-weight:600}
.arrow path{fill:var(--faint)}.arrow.good path{fill:var(--good)}.arrow.warning path{fill:var(--warning)}.arrow.bad path{fill:var(--bad)}
.cross{stroke:var(--bad);stroke-width:2;fill:none}
.columns{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:0 20px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px}
figure{margin:0}
figure .note{margin:0 0 10px}
.empty{color:var(--faint);padding:40px 0;text-align:center}
.chart{display:block;width:100%;height:auto}
.grid{stroke:var(--line);stroke-width:1}
.tick{fill:var(--faint);font-size:12px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.line.dashed{stroke-dasharray:5 4}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}.s6{stroke:var(--s6)}.s7{stroke:var(--s7)}
.legend{margin-top:8px;font-size:13px}
.legend th{font-weight:400;text-align:left;padding:2px 0}
.legend thead th{color:var(--faint)}
.legend th.number,.legend td{text-align:right;padding:2px 0 2px 12px}
.key{width:20px;height:8px;margin-right:8px;vertical-align:middle}
.findings{list-style:none;margin:0;padding:0;display:grid;gap:12px}
.findings li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
dl{margin:8px 0 0;display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 12px;font-size:14px}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
footer{padding-top:28px;padding-bottom:40px;color:var(--faint);font-size:13px}
button{font:inherit;font-size:14px;color:var(--accent);background:none;border:1px solid var(--line);border-radius:999px;padding:3px 14px;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.live{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin-left:auto}
.live p{margin:0}
@media (max-width:900px){.columns{grid-template-columns:minmax(0,1fr)}}
@media (max-width:760px){
.topology.wide{display:none}.topology.narrow{display:block}
.card{padding:12px}
table.rows,table.rows tbody,table.rows tr,table.rows th,table.rows td{display:block}
table.rows thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.rows{background:none;border:0}
table.rows tbody{display:grid;gap:10px}
table.rows tbody tr{display:grid;grid-template-columns:repeat(12,minmax(0,1fr));gap:0 4px;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 14px}
table.rows tbody th{grid-column:span 7;border:0;padding:4px 0 6px;font-size:16px;overflow-wrap:anywhere}
table.rows td,table.rows td.number{grid-column:span 6;display:flex;justify-content:space-between;align-items:baseline;gap:10px;padding:3px 0;border:0;text-align:right;white-space:normal;overflow-wrap:anywhere}
table.rows td::before{content:attr(data-title);color:var(--faint);font-size:13px;white-space:nowrap}
table.rows tr>td:nth-child(odd){padding-right:10px}table.rows tr>td:nth-child(even){padding-left:10px}
table.rows th+td,table.rows th+td.number{grid-column:span 5;justify-content:flex-end}
table.rows th+td::before{content:none}
table.rows td.whole{grid-column:1/-1}
.bar svg{display:none}
.live{margin-left:0}
}
@media print{body{background:#fff}.live{display:none}}
`;
