# A file
PORT=5001
export HOST="127.0.0.1"
DATA_DIR=${HOME}/x
LOG_LEVEL=${EMPTY:-info}
