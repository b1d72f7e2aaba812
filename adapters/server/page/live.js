// The line to the service: a WebSocket that says how every job stands, and that comes back when it breaks.
// Knows sockets and waiting; nothing of jobs.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/**
 * Keep a line open. `connect` gives a socket; `onOpen` is called when it is open, `onFrame` with each
 * document, `onLost` when it is not (any more), before it is tried again; if that gives false, it is not.
 */
export function keepLine({ connect, onOpen, onFrame, onLost }) {
  let wait = FIRST_WAIT;

  function open() {
    const socket = connect();
    socket.onopen = () => {
      wait = FIRST_WAIT;
      onOpen();
    };
    socket.onmessage = (event) => onFrame(JSON.parse(event.data));
    socket.onclose = async () => {
      if ((await onLost()) === false) return;
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
  }

  open();
}
