{
  printf 'REQ::COMM::200::client::client::127.0.0.1:6969::erin'
  sleep 1
  printf 'REQ::MSG::200::client::client::127.0.0.1:6969::hello from TsockM'
  sleep 10
} | nc 127.0.0.1 6969
