{
  printf 'action|l6|log-in;data|s18|username|l5|carol;;'
  printf 'action|l12|send-message;data|s28|message|l15|hello from Slip;;'
  sleep 10
} | nc 127.0.0.1 8000
