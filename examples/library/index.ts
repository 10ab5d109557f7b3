import * as pulumi from "@pulumi/pulumi";
import type { ConfigKeys } from "pgstack/cluster";
import { PostgresCluster } from "pgstack/cluster";

/** Each cluster has a network and ports of its own: the stack file has both. */
type Place = Pick<ConfigKeys, "subnet" | "ports">;

const config = new pulumi.Config();

const orders = new PostgresCluster("orders", { replicas: 1, memory: "512MB", ...config.requireObject<Place>("orders") });
const events = new PostgresCluster("events", { replicas: 0, memory: "512MB", exporters: false, ...config.requireObject<Place>("events") });

export const ordersUrl = orders.outputs.writeUrl;
export const ordersReadUrl = orders.outputs.readUrl;
export const eventsUrl = events.outputs.writeUrl;
