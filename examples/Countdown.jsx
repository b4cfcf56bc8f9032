import { Button } from "@/components/ui/button";

const A_DAY = 24 * 60 * 60 * 1000;

export default function Countdown() {
  const days = Math.ceil((Date.parse(props.date) - Date.now()) / A_DAY);
  const toggle = () => updateElement({ ...props, isDone: !props.isDone });
  return (
    <div className="flex items-center gap-4">
      <span>{props.isDone ? "It is done." : `${days} days`}</span>
      <Button onClick={toggle}>{props.isDone ? "Not yet" : "Done"}</Button>
    </div>
  );
}
