/** A box of the picture, by its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where everything is: two arrangements of the same picture. */
export interface Geometry {
  readonly name: "wide" | "narrow";
  readonly width: number;
  readonly height: number;
  readonly clients: Box;
  readonly pooler: Box;
  readonly nodes: readonly Box[];
  /** Of the vertical line that WAL takes down from the leader. */
  readonly walX: number;
  /** From clients to pooler. */
  readonly entry: string;
  /** From the pooler to a node. */
  readonly wayTo: (node: Box) => string;
  /** Where the name of a way is written; undefined: there is no room. */
  readonly wayLabel: ((node: Box) => readonly [x: number, y: number]) | undefined;
}

const boxHeight = 54;
const row = 74;
const margin = 6;

/** More ways than these are drawn along one line: a bundle of curves cannot be distinguished. */
const mostCurves = 5;

const middle = ({ y, height }: Box): number => y + height / 2;
const right = ({ x, width }: Box): number => x + width;

/** From left to right: clients, pooler, all nodes below one another. */
export function wideGeometry(nodeCount: number): Geometry {
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({ x: 400, y: margin + index * row, width: 160, height: boxHeight }));
  const height = Math.max(1, nodeCount) * row - (row - boxHeight) + 2 * margin;
  // With many nodes the pooler stays near the first ones.
  const y = Math.min((height - boxHeight) / 2, 2 * row);
  const clients = { x: margin, y, width: 116, height: boxHeight };
  const pooler = { x: 178, y, width: 140, height: boxHeight };
  return {
    name: "wide",
    width: 760,
    height,
    clients,
    pooler,
    nodes,
    walX: 612,
    entry: `M${right(clients)} ${middle(clients)}H${pooler.x}`,
    wayTo: (node) => {
      const from = right(pooler);
      if (nodeCount > mostCurves) return `M${from} ${middle(pooler)}H${node.x - 60}V${middle(node)}H${node.x}`;
      // Level where its name stands.
      const level = node.x - 46;
      const bend = (from + level) / 2;
      return `M${from} ${middle(pooler)}C${bend} ${middle(pooler)} ${bend} ${middle(node)} ${level} ${middle(node)}H${node.x}`;
    },
    // On the side that the way does not come from.
    wayLabel: (node) => [node.x - 12, middle(node) + (middle(node) > middle(pooler) && nodeCount <= mostCurves ? 17 : -8)],
  };
}

/** For phones: clients and pooler on top, the nodes below. */
export function narrowGeometry(nodeCount: number): Geometry {
  const top = margin + boxHeight + 34;
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({ x: 34, y: top + index * row, width: 150, height: boxHeight }));
  const clients = { x: margin, y: margin, width: 116, height: boxHeight };
  const pooler = { x: 162, y: margin, width: 140, height: boxHeight };
  const way = 14;
  const turn = margin + boxHeight + 16;
  const middleOfPooler = pooler.x + pooler.width / 2;
  return {
    name: "narrow",
    width: 340,
    height: top + Math.max(1, nodeCount) * row - (row - boxHeight) + margin,
    clients,
    pooler,
    nodes,
    walX: 218,
    entry: `M${right(clients)} ${middle(clients)}H${pooler.x}`,
    wayTo: (node) => `M${middleOfPooler} ${pooler.y + pooler.height}V${turn}H${way}V${middle(node)}H${node.x}`,
    wayLabel: undefined,
  };
}

/** From the leader to a replica, along the line that all share; its last piece is given too, since only that piece is the replica's own. */
export function walPath(
  geometry: Geometry,
  leader: Box,
  replica: Box,
): { readonly trunk: string; readonly branch: string; readonly middle: readonly [x: number, y: number] } {
  const x = geometry.walX;
  const y = middle(replica);
  return {
    trunk: `M${right(leader)} ${middle(leader)}H${x}V${y}`,
    branch: `M${x} ${y}H${right(replica)}`,
    middle: [(x + right(replica)) / 2, y],
  };
}
