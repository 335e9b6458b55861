/** Scripted clients of every protocol that the server speaks. */
export * as chatmaster from "./ChatMasterClient.ts"
export * as packet from "./PacketClient.ts"
export * as sockets from "./SocketsClient.ts"
export * as toss from "./TossClient.ts"
export * as tsockm from "./TsockmClient.ts"
export { type Client, type Failure, type Heard, Refused, type SendingClient, type Speaker } from "./Client.ts"
