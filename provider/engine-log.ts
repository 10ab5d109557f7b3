import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

export type EngineLog = (urn: string, severity: "info" | "warning", message: string, ephemeral: boolean) => void;

/** Lines in Pulumi's own output: under a resource, or as its status line when ephemeral. */
export function engineLog(address: string): EngineLog {
  const client = new engineGrpc.EngineClient(address, credentials.createInsecure());
  const severities = { info: engineProto.LogSeverity.INFO, warning: engineProto.LogSeverity.WARNING };
  return (urn, severity, message, ephemeral) => {
    const request = new engineProto.LogRequest();
    request.setSeverity(severities[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    // A lost log line has no effect on the work.
    client.log(request, () => undefined);
  };
}
