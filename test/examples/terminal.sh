{
  printf '{"type":"command","data":{"command":"login","parameters":{"username":"alice"}}}'
  printf '{"type":"message","data":{"message":"hello from a terminal"}}'
  sleep 10
} | nc 127.0.0.1 9000
