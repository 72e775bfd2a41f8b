A=$(id)
B=`id`
if true; then C=1; fi
D=a b
E=<(x)
F="open
