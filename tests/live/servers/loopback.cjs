// Loaded before a server: one that listens on a port without saying where would listen everywhere.
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const [first] = given;
  if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first))) {
    if (typeof given[1] !== "string") given.splice(1, 0, "127.0.0.1");
  } else if (first && typeof first === "object" && first.port !== undefined && !first.host && !first.path) {
    given[0] = { ...first, host: "127.0.0.1" };
  }
  return listen.apply(this, given);
};
